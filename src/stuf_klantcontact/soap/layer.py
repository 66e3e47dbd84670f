"""Spyne as the SOAP layer and only that: the single file that imports it.

Spyne carries a request from the WSGI door to one operation and back. Our protocol gives it no text to parse and no
object to render: the bytes go through `parsing`, and the answer comes as bytes. Nothing of the peer but those bytes
reaches Spyne: no header, no address. Nothing here raises on input; what the operation raises goes through Spyne's
own fault handling, which would log it, so the operation may not raise.

SOAP 1.1; the dispatch is by the root of the Body (protocolbindingen §4), which intake reads.
"""

import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, Final


class _SixMoves:
    """Finds `spyne.util.six.moves` and what is below it.

    Spyne 2.14 bundles a `six` whose import hook lacks find_spec, so Python ≥ 3.12 cannot import Spyne. Its old
    loader still works when it is called.
    """

    PREFIX: Final = "spyne.util.six.moves"

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """A spec for the modules of six, None for any other."""
        if name != self.PREFIX and not name.startswith(self.PREFIX + "."):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """What six's own loader makes of it."""
        six: Any = sys.modules["spyne.util.six"]
        module: ModuleType = six._importer.load_module(spec.name)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it has been run."""


sys.meta_path.insert(0, _SixMoves())
with warnings.catch_warnings():  # for its import of cgi, its old-style escapes and that import hook
    warnings.simplefilter("ignore")
    from spyne import Application, ServiceBase, const, rpc
    from spyne.const.http import HTTP_200, HTTP_500
    from spyne.model.primitive import AnyXml
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication
# The old hook would make every later failing import in this process warn; ours answers for it.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "_SixMetaPathImporter"]

# Spyne collects garbage in the middle of a request, every second: tens of milliseconds in a process of our size.
const.MIN_GC_INTERVAL = float("inf")

Operation = Callable[[], tuple[bytes, bool]]
"""Reads, judges and answers one message: (the complete envelope, whether it is a fault)."""

_NAMESPACE: Final = "urn:stuf-klantcontact:door"
_OPERATION: Final = f"{{{_NAMESPACE}}}bericht"
_KEY: Final = "stuf_klantcontact.operation"


class _Bericht(ServiceBase):  # type: ignore[misc]
    """One operation for every message."""

    @rpc(AnyXml, _returns=AnyXml, _body_style="bare", _operation_name="bericht", _in_message_name="bericht")  # type: ignore[untyped-decorator]
    def bericht(ctx: Any, exchange: list[Any]) -> Any:  # noqa: N805 - Spyne calls it so
        """Run the operation; a fault is HTTP 500 (WS-I BP 1.1 R1126)."""
        envelope, is_fault = exchange.pop()()
        exchange.append(ctx)
        ctx.transport.resp_code = HTTP_500 if is_fault else HTTP_200
        return envelope


class _Context:
    """Spyne's own holds itself in a closure, and is not needed here."""

    parent: Any = None


class _Protocol(Soap11):  # type: ignore[misc]
    """Soap11 with the bytes going in and coming out as they are."""

    def get_context(self, parent: Any, transport: Any) -> "_Context":
        return _Context()

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:
        ctx.in_document = ctx.transport.req_env[_KEY]

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:
        ctx.method_request_string = _OPERATION

    def deserialize(self, ctx: Any, message: Any) -> None:
        ctx.in_object = ctx.in_document

    def serialize(self, ctx: Any, message: Any) -> None:
        ctx.out_document = ctx.out_object[0]

    def create_out_string(self, ctx: Any, charset: str | None = None) -> None:
        ctx.out_string = [ctx.out_document]


class _Unheard:
    """Spyne fires a dozen events for a request, to nobody, and each leaves a cycle behind."""

    def fire_event(self, name: str, *arguments: Any, **keywords: Any) -> None:
        """Nobody listens."""


class SpyneLayer:
    """One Spyne application for the whole process; it holds no state between requests."""

    def __init__(self) -> None:
        application = Application(
            [_Bericht], _NAMESPACE, name="door", in_protocol=_Protocol(), out_protocol=_Protocol()
        )
        self._wsgi = WsgiApplication(application)
        application.event_manager = self._wsgi.event_manager = _Unheard()
        for descriptor in application.interface.method_id_map.values():
            descriptor.event_managers = []

    def run(self, operation: Operation) -> tuple[str, Sequence[tuple[str, str]], bytes]:
        """(status, headers, body) of one POST whose message `operation` answers."""
        answer: list[Any] = []

        def start_response(status: str, headers: Sequence[tuple[str, str]]) -> None:
            answer.extend((status, headers))

        exchange: list[Any] = [operation]
        environ = {"REQUEST_METHOD": "POST", _KEY: exchange}
        parts: Iterable[bytes] = self._wsgi.handle_rpc(environ, start_response)
        body = b"".join(parts)
        # Spyne's context refers to itself: left alone, it and the request live until the next garbage collection.
        exchange.pop().__dict__.clear()
        return answer[0], answer[1], body
