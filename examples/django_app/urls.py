"""Which view is at which path."""

import views
from django.urls import path

urlpatterns = [
    path("signup", views.post_signup),
    path("login", views.post_login),
    path("profile", views.profile),
    path("statistics", views.statistics),
    path("logout", views.post_logout),
]
