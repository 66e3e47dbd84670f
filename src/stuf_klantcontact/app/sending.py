"""One delivery process: deliver(settings) sends what is due."""

import logging
import threading

from stuf_klantcontact import contract as contracts
from stuf_klantcontact.app import parts
from stuf_klantcontact.app.checking import check
from stuf_klantcontact.delivery import Delivery
from stuf_klantcontact.housekeeping import Housekeeper
from stuf_klantcontact.memory import keep_what_is
from stuf_klantcontact.settings import Settings
from stuf_klantcontact.worker import Worker

_log = logging.getLogger(__name__)


def deliver(settings: Settings, *, stop: threading.Event) -> None:
    """Send what is due until `stop` is set: the parts of one delivery process."""
    check(settings)
    contract = contracts.load(settings.gateway.schemas_dir)
    database = parts.database(settings)
    zds = any(abonnee.profiel == "zds0120" for abonnee in settings.abonnee.values())
    zaak_schemas = parts.zaak_schemas(settings) if zds else None
    delivery = Delivery(settings, database=database, contract=contract, zaak_schemas=zaak_schemas)
    keeper = threading.Thread(
        target=Housekeeper(settings, database=database).run, args=(stop,), name="housekeeping"
    )
    keep_what_is()
    keeper.start()
    _log.info("ready to deliver %s", parts.described(settings, database))
    try:
        Worker(delivery, database=database, poll=settings.delivery.poll, listen=settings.delivery.wake).run(stop)
    finally:
        stop.set()
        keeper.join()
        delivery.close()
        database.close()
    _log.info("delivery has stopped")
