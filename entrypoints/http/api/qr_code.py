"""QR codes."""

import io


def qr_code(text: str) -> str:
    """Returns a QR code as SVG, dark on light whatever is behind it, so that every scanner reads it."""
    import segno  # not needed to start

    image = io.BytesIO()
    segno.make_qr(text).save(image, kind="svg", scale=4, light="#fff", xmldecl=False, nl=False)
    return image.getvalue().decode()
