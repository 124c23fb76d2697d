"""The schema of metadata that the settings name, if they name one; nothing of its library is loaded otherwise."""

from leadnator_auth.domain.ports import MetadataSchema
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError


def metadata_schema(settings: Settings) -> MetadataSchema | None:
    """Returns what `user_metadata` must look like.

    Raises: StartError when the extra is not installed, or the file holds no schema that will do.
    """
    file = settings.user_metadata_schema
    if file is None:
        return None
    name = "LEADNATOR_USER_METADATA_SCHEMA"
    try:
        from leadnator_auth.adapters.json_schema import BadSchemaError, JsonSchema
    except ImportError as error:
        raise StartError(f"{name} needs the extra: pip install '.[jsonschema]' ({error})") from error
    try:
        return JsonSchema(file)
    except BadSchemaError as error:
        raise StartError(f"{name}: got {str(file)!r}, takes a file with a JSON Schema; {error}") from error
