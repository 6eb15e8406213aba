"""The store of voices, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from server.messages.error import ApiError
from server.settings import Settings
from server.voices.records import NewVoice, StoredVoice
from server.voices.store import VoiceStore

VOICE = StoredVoice(
    name="anna",
    model_id="model-a",
    seconds=3.25,
    clips=2,
    created="2026-01-31T12:00:00Z",
    warnings=("short", "quiet"),
    has_audio=False,
)
TONE = bytes(range(256)) * 4
OpenStore = Callable[..., VoiceStore]


@pytest.fixture
async def open_store(voices_address: str) -> AsyncIterator[OpenStore]:
    """Give a function that opens a store on one database, as each server does."""
    async with AsyncExitStack() as stack:

        def opens(maximum: int = 100, wait_seconds: float = 5.0) -> VoiceStore:
            found = VoiceStore.of(
                Settings(
                    voices=voices_address, voices_maximum=maximum, voices_wait_seconds=wait_seconds
                )
            )
            assert found is not None
            stack.push_async_callback(asyncio.to_thread, found.close)
            return found

        yield opens


@pytest.fixture
def store(open_store: OpenStore) -> VoiceStore:
    return open_store()


def new(name: str = "anna", tone: bytes = TONE, audio: tuple[bytes, ...] = ()) -> NewVoice:
    return NewVoice(replace(VOICE, name=name, has_audio=bool(audio)), tone, audio)


async def names(
    store: VoiceStore, owner: str = "", after: str = "", limit: int = 1000
) -> list[str]:
    return [voice.name for voice in await store.list(owner, after, limit, "model-a")]


async def outcome(work: asyncio.Future[None]) -> str:
    """Return the code of the error that something ends with, or `ok`."""
    try:
        await work
    except ApiError as error:
        return error.code
    return "ok"


def test_no_address_is_no_store() -> None:
    assert VoiceStore.of(Settings()) is None


async def test_a_voice_comes_back_as_it_was_saved(store: VoiceStore) -> None:
    clips = (b"one", b"", bytes(range(256)))
    await store.add("", new(audio=clips))
    kept = replace(VOICE, has_audio=True)
    assert await store.get("", "anna", "model-a") == kept
    assert await store.list("", "", 10, "model-a") == [kept]
    found = await store.tones("", ["anna", "ben"], "model-a")
    assert list(found) == ["anna"]
    assert found["anna"].tone == TONE
    assert list(await store.clips(found["anna"].voice_id)) == list(clips)


async def test_a_deleted_voice_is_gone_with_its_audio(store: VoiceStore) -> None:
    await store.add("", new(audio=(b"clip",)))
    voice_id = (await store.tones("", ["anna"], "model-a"))["anna"].voice_id
    assert await store.delete("", "anna")
    assert not await store.delete("", "anna")
    assert await store.get("", "anna", "model-a") is None
    assert list(await store.clips(voice_id)) == []
    await store.add_tone(voice_id, "model-b", TONE)
    assert await store.tones("", ["anna"], "model-b") == {}
    await store.add("", new())
    assert (await store.tones("", ["anna"], "model-a"))["anna"].voice_id != voice_id


async def test_owners_see_only_their_voices(store: VoiceStore) -> None:
    await store.add("x", new(tone=b"x"))
    await store.add("y", new(tone=b"y"))
    assert (await store.tones("x", ["anna"], "model-a"))["anna"].tone == b"x"
    assert await names(store, "x") == ["anna"]
    assert await names(store) == []
    assert not await store.delete("", "anna")
    assert await store.delete("x", "anna")
    assert await names(store, "y") == ["anna"]


async def test_a_name_is_given_once(store: VoiceStore) -> None:
    await store.check_add("", "anna")
    await store.add("", new())
    for refused in (store.check_add("", "anna"), store.add("", new(tone=b"other"))):
        with pytest.raises(ApiError) as caught:
            await refused
        assert caught.value.code == "voice_exists"
    assert (await store.tones("", ["anna"], "model-a"))["anna"].tone == TONE


async def test_a_full_store_refuses_each_owner_for_itself(open_store: OpenStore) -> None:
    store = open_store(maximum=2)
    await store.add("", new("a"))
    await store.add("", new("b"))
    for refused in (store.check_add("", "c"), store.add("", new("c"))):
        with pytest.raises(ApiError) as caught:
            await refused
        assert caught.value.code == "voices_full"
    with pytest.raises(ApiError, match="exists"):
        await store.check_add("", "a")
    await store.add("other", new("c"))
    assert await names(store) == ["a", "b"]
    await store.delete("", "a")
    await store.add("", new("c"))


async def test_pages_follow_code_points(store: VoiceStore) -> None:
    ordered = ["B", "Z.1", "_", "a", "a-", "a.b", "é", "अ", "王", "𝒜"]
    for name in reversed(ordered):
        await store.add("", new(name))
    assert await names(store) == ordered
    found: list[str] = []
    while page := await names(store, after=found[-1] if found else "", limit=3):
        found += page
    assert found == ordered


async def test_a_voice_may_have_a_tone_of_each_model(store: VoiceStore) -> None:
    await store.add("", new())
    stored = (await store.tones("", ["anna"], "model-b"))["anna"]
    assert stored.tone is None
    await store.add_tone(stored.voice_id, "model-b", b"b")
    await store.add_tone(stored.voice_id, "model-b", b"late")
    for model, tone in (("model-a", TONE), ("model-b", b"b"), ("model-c", None)):
        assert (await store.tones("", ["anna"], model))["anna"].tone == tone
        found = await store.get("", "anna", model)
        assert found is not None
        assert found.model_id == (model if tone else "model-a")


async def test_what_one_server_does_the_others_see_at_once(open_store: OpenStore) -> None:
    one, other = open_store(), open_store()
    await one.add("", new())
    assert await names(other) == ["anna"]
    await other.delete("", "anna")
    assert await names(one) == []


async def test_servers_that_start_at_once_make_the_tables_once(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(4)]
    await asyncio.gather(*(store.add("", new(f"v{i}")) for i, store in enumerate(stores)))
    assert len(await names(stores[0])) == 4


async def test_voices_added_at_once_keep_to_the_maximum(open_store: OpenStore) -> None:
    stores = [open_store(maximum=10) for _ in range(2)]
    found = await asyncio.gather(
        *(outcome(asyncio.ensure_future(stores[i % 2].add("", new(f"v{i}")))) for i in range(30))
    )
    assert sorted(found) == ["ok"] * 10 + ["voices_full"] * 20
    saved = await names(stores[0])
    assert saved == sorted(f"v{i}" for i, code in enumerate(found) if code == "ok")
    await asyncio.gather(*(stores[i % 2].delete("", name) for i, name in enumerate(saved)))
    await stores[0].add("", new())


async def test_one_of_many_that_take_a_name_at_once_gets_it(open_store: OpenStore) -> None:
    stores = [open_store() for _ in range(2)]
    tones = [bytes([i]) for i in range(16)]
    found = await asyncio.gather(
        *(
            outcome(asyncio.ensure_future(stores[i % 2].add("", new(tone=tone))))
            for i, tone in enumerate(tones)
        )
    )
    assert sorted(found) == ["ok"] + ["voice_exists"] * 15
    kept = (await stores[0].tones("", ["anna"], "model-a"))["anna"].tone
    assert kept == tones[found.index("ok")]


async def test_more_than_can_wait_is_refused(open_store: OpenStore) -> None:
    store = open_store(maximum=1000)
    adding = [asyncio.ensure_future(store.add("", new(f"v{i}"))) for i in range(300)]
    found = await asyncio.gather(*map(outcome, adding))
    assert set(found) == {"ok", "overloaded"}
    assert found.count("ok") == len(await names(store))
    await store.add("", new())


async def test_given_up_work_leaves_nothing_half_done(store: VoiceStore) -> None:
    adding = [asyncio.ensure_future(store.add("", new(f"v{i}"))) for i in range(40)]
    await asyncio.sleep(0)
    for each in adding:
        each.cancel()
    await asyncio.gather(*adding, return_exceptions=True)
    for name in await names(store):
        assert (await store.tones("", [name], "model-a"))[name].tone == TONE
    await store.add("", new())
    assert "anna" in await names(store)
