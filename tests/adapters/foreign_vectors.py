"""Hashes of other systems and their passwords, from where they are published, or made by the systems themselves."""

ACCENTED = "l\u00e8tmein"
TABLE = "t\u00e1\u0411\u2113\u0259"

PUBLISHED = [
    # Django's own tests, and what Django 5.2 makes.
    (ACCENTED, "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A="),
    (ACCENTED, "pbkdf2_sha1$1000$seasalt2$4O6tM3Kd5cOD3UmnpGuCKdAiHa8="),
    (
        ACCENTED,
        "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
    ),
    (
        ACCENTED,
        "scrypt$16$seasalt$8$5$MNagTUULbE3qWBc16teWuFMMKJ7rbwPWx9H5NpJO2+i52+SwrIyLVZPFd3fT/YR6qTKaYLhMqyA9+pkPX+3Qcw==",
    ),
    (ACCENTED, "argon2$argon2id$v=19$m=512,t=2,p=2$c2Vhc2FsdHNlYQ$y7kg50jfa6jCNbWyKktrM2Sy/MEeZVK4HQxVyS5yClk"),
    (ACCENTED, "bcrypt_sha256$$2b$04$7lFQUJrcI0Ayh5CVCXNj/.gB.B1H7J4TnSKuXRKWCyCDyp22AsKE2"),
    (ACCENTED, "bcrypt$$2b$04$uNZzYqw7mBT0MxF80hODvuEjRFjx0x/YaEpxT3f3GvZ7WLsF/uAg2"),
    # Werkzeug 3.1.
    (ACCENTED, "pbkdf2:sha256:1000$C1LiWuYY$759caed195e2c294cd5a705b97485e01f99dbce59fca25ff7d03f19ac548cc86"),
    (ACCENTED, "pbkdf2:sha1:1000$JD2LeYwk$1ffb123165e2f0fd07c3b4e0deb1ab01c413aa29"),
    (
        ACCENTED,
        (
            "pbkdf2:sha512:1000$D0Quj3YU$ade0d8a924b501865e9530c719ac24391ce07bc877401a5afa62e0f8c6c12ab9"
            "25eee7b119c113a92d6a0b20d1793069ca00e80e4a5c14a713759ff9f13b84ab"
        ),
    ),
    (
        ACCENTED,
        (
            "scrypt:1024:8:1$5I7iBLrJNgUJJLir$46f5422c703a8c4e9aa78e6afb5fd4c6985e5c2b408eea4f1ea07f6f2fcbe880"
            "0319c6aa94b5b3670dc54b48988a704606e536ffbf4b0e0a0846c2b9dda1ef55"
        ),
    ),
    # passlib: its tests of bcrypt-sha256 and phpass, and what it makes.
    (ACCENTED, "$pbkdf2$1000$39s7J4Sw9v7fGyNk7L1X6g$v.oeHZZA4kf3isEBpLPHrDA434M"),
    (ACCENTED, "$pbkdf2-sha256$1000$yXlvTYmxNuYcw/g/Z2ytNQ$2Xa00SyQC.llnTWYZ85ZsorbDCC8D70THBiG7Vpqhbs"),
    (
        ACCENTED,
        (
            "$pbkdf2-sha512$1000$HeNcC6GUEqK0NkYIIYTwfg"
            "$q8rP0ZVVWYeV5OJkZnmaNPfXy9XyWc4s0BCKIaCr/ngY3L3bFjFyQfKHHFfuIJ9OU65RbyhPWT2hyKBTOpu9ZQ"
        ),
    ),
    (ACCENTED, "$scrypt$ln=4,r=8,p=1$mtNayzlHKEUoRSiFkFJqLQ$ApQXFSEGqXd44FqkgIBoP336TVfZI+cYx4XfflLSgSQ"),
    ("", "$bcrypt-sha256$2a,5$E/e/2AOhqM5W/KJTFQzLce$F6dYSxOdAEoJZO2eoHUZWZljW/e0TXO"),
    ("password", "$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu"),
    (TABLE, "$bcrypt-sha256$2b,5$.US1fQ4TQS.ZTz/uJ5Kyn.$QNdPDOTKKT5/sovNz1iWg26quOU4Pje"),
    ("abc123" * 12 + "qwr", "$bcrypt-sha256$2b,5$X1g1nh3g0v4h6970O68cxe$021KLEif6epjot5yoxk0m8I0929ohEa"),
    ("abc123" * 12 + "qwr", "$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$CBF9csfEdW68xv3DwE6xSULXMtqEFP."),
    ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
    ("123456", "$H$9PE8jEklgZhgLmZl5.HYJAzfGCQtzi1"),
    ("JohnRipper", "$P$612345678si5M0DDyPpmRCmcltU/YW/"),
    ("", "$P$7JaFQsPzJSuenezefD/3jHgt5hVfNH0"),
    # The reference implementation of Argon2, and argon2-cffi.
    ("password", "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY"),
    ("password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"),
    ("password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
    (ACCENTED, "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQxMg$9hsCX++/4EtcHeNmw6XSew"),
    # WordPress 6.8, and crypt_blowfish's tests of its old mistake.
    ("admin", "$wp$2y$10$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES"),
    ("\u0451", "$2x$05$6bNw2HLQYeqHYyBfLMsv/OiwqTymGIGzFsA4hOTWebfehXHNprcAS"),
    ("U*U", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    # crypt_blowfish's tests of bcrypt, as others wrap it.
    ("U*U", "{bcrypt}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "{CRYPT}$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", " \t$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a\r\n"),
]

FIREBASE = {
    # The example of Firebase's own tool (firebase/scrypt).
    "signer_key": "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
    "salt_separator": "Bw==",
    "salt": "42xEC+ixf3L2lw==",
    "password": "user1password",
    "password_hash": "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
}
