"""The verifier is used where nothing else of ours is installed."""

import subprocess
import sys

PROGRAM = """
import sys

OURS = {"leadnator_auth", "jwt", "cryptography", "cffi", "_cffi_backend", "typing_extensions"}
ALLOWED = OURS | set(sys.stdlib_module_names)

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ModuleNotFoundError(name)
        if name.startswith("leadnator_auth.") and not name.startswith("leadnator_auth.verifier"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
from leadnator_auth.verifier import AsyncVerifier, Verifier, VerifierMiddleware

try:
    Verifier("nowhere", api_key="lnk_x")
except ValueError:
    print("alone")
try:
    import attrs
except ModuleNotFoundError:
    print("and the others are blocked")
"""


def test_it_needs_pyjwt_and_cryptography_and_nothing_else() -> None:
    run = subprocess.run([sys.executable, "-I", "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (run.stdout.splitlines(), run.stderr) == (["alone", "and the others are blocked"], "")


def test_without_its_extra_it_says_how_to_get_it() -> None:
    program = "import sys; sys.modules['cryptography'] = None; import leadnator_auth.verifier"
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    told = "needs cryptography: pip install 'leadnator-auth[verifier]'"
    assert run.stderr.splitlines()[-1] == f"ModuleNotFoundError: leadnator_auth.verifier {told}"
