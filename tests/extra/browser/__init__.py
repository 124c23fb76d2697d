"""The pages in a real browser; needs Debian's chromium and chromium-driver, or the like."""
