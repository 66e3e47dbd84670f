"""Where an element begins, as an editor counts."""

import time

import pytest

from stuf_klantcontact.parsing import Unreadable, positions


def test_each_element_has_its_line_and_column() -> None:
    data = '<?xml version="1.0"?>\n<a>\n  <b\n    c="1"/><!-- <x/> --><d>ü€</d><e/>\n</a>'.encode()
    assert positions(data) == [(2, 1), (3, 3), (4, 25), (4, 34)]


def test_columns_count_characters_not_bytes() -> None:
    assert positions("<a>éé€€<b/></a>".encode())[1] == (1, 8)


def test_a_byte_order_mark_does_not_count() -> None:
    assert positions(b"\xef\xbb\xbf<a/>") == [(1, 1)]


def test_windows_line_ends_count_once() -> None:
    assert positions(b"<a>\r\n<b/>\r\n</a>")[1] == (2, 1)


@pytest.mark.parametrize("data", [b"<a>", b"", b"<!DOCTYPE a><a/>", b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"])
def test_what_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        positions(data)


def test_fifty_thousand_elements_take_no_second() -> None:
    before = time.thread_time()
    assert len(positions(b"<a>" + b"<b/>" * 50_000 + b"</a>")) == 50_001
    assert time.thread_time() - before < 1
