"""The examples do what their READMEs say; a suite of its own, because it needs the frameworks they are about."""
