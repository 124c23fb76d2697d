"""Writes the page of all public names: env -u PYTHONSAFEPATH python -m tests.extra.docs.python_reference."""

import ast
import re
from collections.abc import Iterator

from tests.extra.docs.python_source import (
    ROOT,
    Function,
    Named,
    decorators,
    members,
    public_modules,
    public_names,
    words_of,
)

PAGE = ROOT / "docs" / "reference" / "python.md"
_HEAD = """# Python

Every public name, with what it takes, the first sentence on it, and the errors that it raises; `help()` has the rest.
What is not here may change in any version. A use case is a coroutine and takes the whole set of ports:
`await log_in("alice@example.com", "correct horse", ports=ports)`; [Embed it](EMBEDDING) says where ports come from.

An address has three spellings. `typed` is what its owner entered, and what `str()` and f-strings show. `canonical` is
what is compared: two accounts never share it, whatever their letter case or the spelling of an international domain.
`mailbox` is what a mail server is handed: the part before the @ as it was typed, the domain in ASCII.

Every error is an `AuthError` with a stable `code`, and its `str()` says what is wrong.
"""
_EMBEDDING = "embedding.md"
_MOST = 40
"""The longest default that is shown."""


def page() -> str:
    """Returns the page."""
    docs = ROOT / "docs"
    (embedding,) = docs.rglob(_EMBEDDING)
    head = _HEAD.replace("EMBEDDING", f"../{embedding.relative_to(docs).as_posix()}")
    return head + "".join(_section(module) for module in public_modules())


def _section(module: str) -> str:
    names = "".join(_entry(each) for each in public_names(module))
    return f"\n## {module}\n\n{_first_sentence(words_of(module))}\n\n{names}"


def _entry(each: Named) -> str:
    lines = [_line(each.name, _shown(each), each.words)]
    if isinstance(each.definition, ast.ClassDef):
        lines += [f"  {_line(member.name, _shown(member), member.words)}" for member in members(each.definition)]
    return "".join(lines)


def _line(name: str, shown: str, words: str) -> str:
    raised = re.search(r"Raises[:,] (.*?)(?:\n\n|\Z)", words, re.DOTALL)
    told = [_first_sentence(words), f"Raises: {_flat(raised[1])}" if raised else ""]
    return f"- **{name}**: `{shown}` {' '.join(each for each in told if each)}".rstrip() + "\n"


def _first_sentence(words: str) -> str:
    paragraph = re.split(r"\n\s*\n|^\s*Raises:", words, maxsplit=1, flags=re.MULTILINE)[0]
    sentence = re.match(r".*?[.](?=\s|$)", _flat(paragraph))
    return sentence[0] if sentence else _flat(paragraph)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _shown(each: Named) -> str:
    """Returns how a name is used."""
    node = each.definition
    if isinstance(node, Function):
        return _called(node)
    if isinstance(node, ast.ClassDef):
        return _made(node)
    return _flat(ast.unparse(node))


def _called(node: Function) -> str:
    named = decorators(node)
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    if "property" in named:
        return f"{node.name}: {ast.unparse(node.returns) if node.returns else 'object'}"
    if "pytest.fixture" in named:
        return f"{node.name}{returned.replace(' -> ', ': ')}"
    yields = any(isinstance(each, ast.Yield) for each in ast.walk(node))
    way = "await " if isinstance(node, ast.AsyncFunctionDef) and not yields else ""
    if "asynccontextmanager" in named:
        way, returned = "async with ", re.sub(r" -> Async(?:Iterator|Generator)\[(.*?)\]", r" as \1", returned)
    return f"{way}{node.name}({_arguments(node)}){returned}"


def _arguments(node: Function) -> str:
    first = node.args.args[:1]
    bound = [each.arg for each in first if each.arg in ("self", "cls")]
    return re.sub(rf"^{bound[0]}(?:, )?", "", ast.unparse(node.args)) if bound else ast.unparse(node.args)


def _made(node: ast.ClassDef) -> str:
    bases = [ast.unparse(base) for base in node.bases]
    if any(base.endswith("Enum") for base in bases):
        return f"{node.name}: {', '.join(_choices(node))}"
    if any(base.startswith("Protocol") for base in bases):
        return f"{node.name}(Protocol)"
    making = next((each for each in node.body if isinstance(each, Function) and each.name == "__init__"), None)
    is_record = any(name.startswith(("attrs.", "attr.")) for name in decorators(node))
    arguments = _arguments(making) if making else ", ".join(_fields(node)) if is_record else ""
    kind = f", a kind of {', '.join(bases)}" if bases else ""
    return f"{node.name}({arguments}){kind}"


def _choices(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.Assign):
            yield f"{ast.unparse(each.targets[0])} = {ast.unparse(each.value)}"


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Yields the fields of a record, as the arguments that it is made of."""
    for each in node.body:
        if not isinstance(each, ast.AnnAssign) or "ClassVar" in ast.unparse(each.annotation):
            continue
        default = _default(each.value)
        yield f"{ast.unparse(each.target)}: {ast.unparse(each.annotation)}{f' = {default}' if default else ''}"


def _default(value: ast.expr | None) -> str:
    """Returns the default of a field; empty if it must be given."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "attrs.field":
        given = {each.arg: each.value for each in value.keywords}
        if not given.keys() & {"default", "factory"}:
            return ""
        value = given.get("default", ast.Constant(...))
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "setting":
        value = value.args[2]
    if value is None:
        return ""
    shown = ast.unparse(value)
    is_ours = isinstance(value, ast.Call) and shown.startswith("_")
    return "…" if is_ours or len(shown) > _MOST else shown


if __name__ == "__main__":
    PAGE.write_text(page())
