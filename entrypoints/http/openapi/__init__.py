"""The API described: what an operation is, and the document made of all of them."""
