"""The toy's own files are for the copy of the tree; here they would find nothing of what they import."""

collect_ignore = ["files"]
