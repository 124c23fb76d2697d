"""For applications that run the core themselves: everything that `serve` runs but the server.

async with running_ports(Settings.read(os.environ)) as ports:
    app = create_app(ports)  # of leadnator_auth.entrypoints.http, or use cases of leadnator_auth.domain

Code that blocks calls use cases over a bridge:

bridge = SyncBridge(Settings.read(os.environ))
signed_in = bridge.call(log_in("alice@example.com", "correct horse", ports=bridge.ports))
"""

from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.embedding.running import running_ports
from leadnator_auth.entrypoints.embedding.sync_bridge import SyncBridge
from leadnator_auth.entrypoints.settings import SettingError, Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.telemetry.metrics import Metrics

__all__ = ["Metrics", "SettingError", "Settings", "StartError", "SyncBridge", "open_ports", "prepare", "running_ports"]
