"""Who may come in: HTTP Basic against argon2, remembered for a while; who is known; who may do what."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from stuf_klantcontact import access
from stuf_klantcontact.access import Access, Busy, Denied
from stuf_klantcontact.settings import Gateway, Zender
from stuf_klantcontact.stuurgegevens import Systeem

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "geheim: met dubbele punt é"
ZENDERS = {
    "MIJNZAKEN": Zender(gebruiker="mijnzaken", wachtwoord_hash=CHEAP.hash(PASSWORD)),
    "ZAAKSYSTEEM": Zender(gebruiker="zaaksysteem", wachtwoord_hash=CHEAP.hash("anders")),
    "ZONDERGEBRUIKER": Zender(wachtwoord_hash=CHEAP.hash(PASSWORD)),
    "ZONDERWACHTWOORD": Zender(gebruiker="open"),
    "KAPOT": Zender(gebruiker="kapot", wachtwoord_hash="geen hash"),
}


class Counting(PasswordHasher):
    """Cheap, and tells how often a password was checked; a check waits while `gate` is closed."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checked = self.at_once = self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        with self._lock:
            self.checked += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            assert self.gate.wait(timeout=30)
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.at_once -= 1


@dataclass
class Door:
    """An Access whose clock and checks a test can see."""

    hasher: Counting = field(default_factory=Counting)
    now: float = 1000.0
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        self.access = Access(ZENDERS, monotonic=lambda: self.now, hasher=self.hasher)


@pytest.fixture
def door() -> Iterator[Door]:
    opened = Door()
    yield opened
    opened.hasher.gate.set()


def basic(gebruiker: str, wachtwoord: str) -> str:
    return "Basic " + base64.b64encode(f"{gebruiker}:{wachtwoord}".encode()).decode()


def test_the_right_password_tells_which_system_calls(door: Door) -> None:
    assert door.access.authenticate(basic("mijnzaken", PASSWORD)) == "MIJNZAKEN"
    assert door.access.authenticate(basic("zaaksysteem", "anders")) == "ZAAKSYSTEEM"
    assert door.access.authenticate(basic("mijnzaken", PASSWORD).replace("Basic ", "bAsIc  ")) == "MIJNZAKEN"


@pytest.mark.parametrize(
    ("gebruiker", "wachtwoord"),
    [
        ("mijnzaken", "anders"),
        ("mijnzaken", ""),
        ("mijnzaken", PASSWORD + " "),
        ("MIJNZAKEN", PASSWORD),
        ("onbekend", PASSWORD),
        ("", PASSWORD),
        ("", ""),
        ("open", ""),
        ("open", "x"),
        ("kapot", "geen hash"),
    ],
)
def test_anything_else_is_denied_with_one_and_the_same_sentence(
    door: Door, gebruiker: str, wachtwoord: str
) -> None:
    with pytest.raises(Denied) as denied:
        door.access.authenticate(basic(gebruiker, wachtwoord))
    with pytest.raises(Denied) as without:
        door.access.authenticate(None)
    assert denied.value.text == without.value.text


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic bWlqbnpha2Vu",
        "Basic bWlqbnpha2Vu=",
        "Basic /////w==",
        "Bearer bWlqbnpha2VuOng=",
        "Basic \ud800",
        "Basic \xe9\xe9\xe9\xe9",
        "\x00Basic bWlqbnpha2VuOng=",
        "Basic " + "QUFB" * 100_000,
    ],
)
def test_a_header_that_is_no_credential_is_denied_without_a_check(door: Door, header: str | None) -> None:
    with pytest.raises(Denied):
        door.access.authenticate(header)
    assert door.hasher.checked == 0


@settings(max_examples=50)
@given(st.text(st.characters()) | st.text(st.characters()).map(lambda text: f"Basic {text}"))
def test_no_header_does_anything_but_deny(header: str) -> None:
    with pytest.raises(Denied):
        Access(ZENDERS, hasher=CHEAP).authenticate(header)


def test_a_credential_that_was_right_costs_no_second_check_until_it_expires(door: Door) -> None:
    for _ in range(3):
        assert door.access.authenticate(basic("mijnzaken", PASSWORD)) == "MIJNZAKEN"
    assert door.hasher.checked == 1
    door.now += access.REMEMBERED_SECONDS - 1
    door.access.authenticate(basic("mijnzaken", PASSWORD))
    assert door.hasher.checked == 1
    door.now += 2
    door.access.authenticate(basic("mijnzaken", PASSWORD))
    assert door.hasher.checked == 2


def test_remembering_one_password_lets_no_other_in(door: Door) -> None:
    door.access.authenticate(basic("mijnzaken", PASSWORD))
    for gebruiker, wachtwoord in (("mijnzaken", "anders"), ("zaaksysteem", PASSWORD)):
        with pytest.raises(Denied):
            door.access.authenticate(basic(gebruiker, wachtwoord))
    assert door.hasher.checked == 3


def test_a_wrong_credential_repeated_costs_one_check(door: Door) -> None:
    for _ in range(3):
        with pytest.raises(Denied):
            door.access.authenticate(basic("mijnzaken", "fout"))
    assert door.hasher.checked == 1


def test_guessing_does_not_make_us_forget_who_was_right(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "REMEMBERED_MOST", 5)
    door.access.authenticate(basic("mijnzaken", PASSWORD))
    for guess in range(12):
        with pytest.raises(Denied):
            door.access.authenticate(basic("mijnzaken", f"gok {guess}"))
    checked = door.hasher.checked
    door.access.authenticate(basic("mijnzaken", PASSWORD))
    assert door.hasher.checked == checked


@pytest.mark.parametrize("gebruiker", ["mijnzaken", "onbekend", "open", ""])
def test_an_unknown_user_costs_as_many_checks_as_a_known_one(door: Door, gebruiker: str) -> None:
    with pytest.raises(Denied):
        door.access.authenticate(basic(gebruiker, "fout"))
    assert door.hasher.checked == 1


def test_only_a_few_passwords_are_checked_at_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "PATIENCE_SECONDS", 0.05)
    door.hasher.gate.clear()
    let_in: list[str] = []
    callers = [
        threading.Thread(target=lambda: let_in.append(door.access.authenticate(basic("mijnzaken", PASSWORD))))
        for _ in range(access.CONCURRENT_CHECKS)
    ]
    for caller in callers:
        caller.start()
    deadline = threading.Event()
    while door.hasher.at_once < access.CONCURRENT_CHECKS:
        deadline.wait(0.01)
    with pytest.raises(Busy, match="Too many passwords"):
        door.access.authenticate(basic("zaaksysteem", "anders"))
    door.hasher.gate.set()
    for caller in callers:
        caller.join(timeout=30)
    assert let_in == ["MIJNZAKEN"] * access.CONCURRENT_CHECKS
    assert door.hasher.most_at_once == access.CONCURRENT_CHECKS
    assert door.access.authenticate(basic("zaaksysteem", "anders")) == "ZAAKSYSTEEM"


def test_many_requests_at_once_of_one_system_cost_no_more_checks_than_run_at_once(door: Door) -> None:
    door.hasher.gate.clear()
    let_in: list[str] = []
    callers = [
        threading.Thread(target=lambda: let_in.append(door.access.authenticate(basic("mijnzaken", PASSWORD))))
        for _ in range(8)
    ]
    for caller in callers:
        caller.start()
    moment = threading.Event()
    while door.hasher.at_once < access.CONCURRENT_CHECKS:
        moment.wait(0.01)
    door.hasher.gate.set()
    for caller in callers:
        caller.join(timeout=30)
    assert let_in == ["MIJNZAKEN"] * 8
    assert door.hasher.checked == access.CONCURRENT_CHECKS


def test_no_secret_is_shown_when_the_door_keeper_is_printed(door: Door) -> None:
    door.access.authenticate(basic("mijnzaken", PASSWORD))
    assert "_key" not in repr(door.access)
    assert PASSWORD not in repr(door.access)


GATEWAY = Gateway(organisatie="0518")


@pytest.mark.parametrize(
    ("zender", "systeem", "known"),
    [
        (Zender(), Systeem("0518", "ABC"), True),
        (Zender(), Systeem("0518", "ABC", "wat dan ook", "iemand"), True),
        (Zender(), Systeem("0363", "ABC"), False),
        (Zender(), Systeem("", "ABC"), False),
        (Zender(), Systeem("0518", "abc"), False),
        (Zender(), Systeem("0518", ""), False),
        (Zender(organisatie="0363"), Systeem("0363", "ABC"), True),
        (Zender(organisatie="0363"), Systeem("0518", "ABC"), False),
        (Zender(administratie="productie"), Systeem("0518", "ABC", "productie"), True),
        (Zender(administratie="productie"), Systeem("0518", "ABC", "test"), False),
        (Zender(administratie="productie"), Systeem("0518", "ABC"), False),
    ],
)
def test_a_zender_is_known_by_organisatie_applicatie_and_administratie(
    zender: Zender, systeem: Systeem, known: bool
) -> None:
    assert access.is_known(systeem, zenders={"ABC": zender}, gateway=GATEWAY) is known


@pytest.mark.parametrize(
    ("systeem", "us"),
    [
        (Systeem("0518", "KLANTCONTACT"), True),
        (Systeem("0518", "KLANTCONTACT", "", "iemand"), True),
        (Systeem("0518", "KLANTCONTACT", "test"), False),
        (Systeem("0363", "KLANTCONTACT"), False),
        (Systeem("0518", "ANDERS"), False),
    ],
)
def test_a_message_is_for_us_when_ontvanger_names_this_gateway(systeem: Systeem, us: bool) -> None:
    assert access.is_us(systeem, gateway=GATEWAY) is us


def test_a_zender_may_do_what_is_listed_and_nothing_by_default() -> None:
    assert access.may(Zender(operaties=("voegKlantcontactToe", "zaken")), operatie="zaken")
    assert not access.may(Zender(operaties=("voegKlantcontactToe",)), operatie="zaken")
    assert not access.may(Zender(), operatie="voegKlantcontactToe")


def test_a_hash_for_the_file_lets_its_password_in() -> None:
    zenders = {"ABC": Zender(gebruiker="abc", wachtwoord_hash=access.hash_password("geheim"))}
    assert Access(zenders).authenticate(basic("abc", "geheim")) == "ABC"
