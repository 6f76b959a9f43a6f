"""OpenAI's completions and chats over a real socket, asked by the stock client."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.runtime.test_chat import CHATML, with_special
from tests.runtime.tiny import make_language
from tests.serving.running import Running, Shelf, running
from textwright.manifest import address_of

PROMPT = "rain, "
DRAWN: dict[str, Any] = {"temperature": 1.5, "seed": 5, "max_tokens": 9}
SOURCE = [{"role": "system", "content": "translate"}, {"role": "user", "content": "will it rain"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    shelf = Shelf(tmp_path_factory.mktemp("generation"))
    shelf.deploy("intents", 3)
    shelf.deploy_language("poems", 2)
    shelf.deploy_writer("phrases", 4, form="transformer")
    deploy_chats(shelf)
    with running(shelf) as found:
        yield found


def deploy_chats(shelf: Shelf) -> None:
    """Make a model with a chat template, and let it answer."""
    plain, folder = shelf.root / "plain", shelf.root / "chats-1"
    make_language(plain, name="chats", stop_at_line=True, context=90)
    with_special(plain, folder, CHATML)
    target = shelf.keep(folder, "chats", 1, address_of(folder))
    shelf.targets = {**shelf.targets, "chats": target}


def complete(ai: openai.OpenAI, prompt: Any = PROMPT, **more: Any) -> Any:
    return ai.completions.create(model="poems", prompt=prompt, **{**DRAWN, **more})


def texts(found: Any) -> list[str]:
    return [each.text for each in found.choices]


def streamed(found: Any) -> tuple[list[str], list[Any]]:
    """Give the texts of a stream by their index, and its chunks."""
    told: dict[int, str] = {}
    chunks = list(found)
    for chunk in chunks:
        for each in chunk.choices:
            fresh = each.text if hasattr(each, "text") else (each.delta.content or "")
            told[each.index] = told.get(each.index, "") + fresh
    return [told[each] for each in sorted(told)], chunks


def test_a_completion_says_what_it_read_and_wrote(ai: openai.OpenAI) -> None:
    found = complete(ai)

    (choice,) = found.choices
    assert (found.object, found.model, found.id) == ("text_completion", "poems", choice.id)
    assert len(choice.text) == 9  # of a model whose tokens are characters
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "length", None)
    assert found.usage.model_dump(exclude_none=True) == {
        "prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16,
    }  # fmt: skip
    assert found.system_fingerprint.startswith("fp_")


def test_a_stream_tells_the_same_text_piece_by_piece(ai: openai.OpenAI) -> None:
    whole = complete(ai, n=3)
    told, chunks = streamed(complete(ai, n=3, stream=True))

    assert told == texts(whole)
    assert len(set(told)) == 3
    assert len(chunks) == 3 * 9
    ends = [each.finish_reason for chunk in chunks for each in chunk.choices]
    assert (ends.count("length"), ends.count(None)) == (3, 24)
    assert all(chunk.usage is None for chunk in chunks)
    ids = {each.id for chunk in chunks for each in chunk.choices}
    assert len(ids) == 3
    assert {chunk.id for chunk in chunks} < ids


def test_the_last_chunk_has_the_usage_where_that_is_asked_for(ai: openai.OpenAI) -> None:
    options = {"include_usage": True}
    _, chunks = streamed(complete(ai, n=2, stream=True, stream_options=options))

    assert [chunk.choices == [] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (7, 18)
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_equal_seeds_write_equal_texts_and_without_one_they_differ(ai: openai.OpenAI) -> None:
    assert texts(complete(ai, n=2)) == texts(complete(ai, n=2))
    assert texts(complete(ai)) == texts(complete(ai, n=2))[:1]
    assert texts(complete(ai, seed=6)) != texts(complete(ai))
    assert texts(complete(ai, seed=-1)) == texts(complete(ai, seed=-1))
    drawn = {texts(complete(ai, seed=None))[0] for _ in range(4)}
    assert len(drawn) > 1


def test_without_a_seed_equal_prompts_have_texts_of_their_own(ai: openai.OpenAI) -> None:
    drawn = texts(complete(ai, [PROMPT] * 4, seed=None, n=2))

    assert len(set(drawn)) > 2
    assert len(set(texts(complete(ai, [PROMPT] * 4, n=2)))) == 2


def test_the_likeliest_text_needs_no_seed(ai: openai.OpenAI) -> None:
    found = {texts(complete(ai, temperature=0, seed=None))[0] for _ in range(3)}
    narrow = texts(complete(ai, top_p=0))[0]

    assert found == {narrow}


def test_several_prompts_are_answered_in_their_order(ai: openai.OpenAI) -> None:
    prompts = ["春眠", "", "rain"]
    together = complete(ai, prompts, n=2)

    alone = [text for each in prompts for text in texts(complete(ai, each, n=2))]
    assert texts(together) == alone
    assert [each.index for each in together.choices] == list(range(6))


def test_a_text_ends_before_a_stop_string_whole_or_streamed(ai: openai.OpenAI) -> None:
    (whole,) = texts(complete(ai))
    for place in range(1, 7):
        stop = ["never met", whole[place : place + 2]]
        cut = whole[: whole.index(stop[1])]
        found = complete(ai, stop=stop)
        told, chunks = streamed(complete(ai, stop=stop, stream=True))
        assert texts(found) == told == [cut]
        assert found.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "stop"
    assert texts(complete(ai, stop="never met")) == [whole]


def test_chinese_and_emoji_come_whole(ai: openai.OpenAI) -> None:
    seen = ""
    for seed in range(8):
        told, chunks = streamed(complete(ai, "花落", seed=seed, stream=True))
        pieces = [each.text for chunk in chunks for each in chunk.choices]
        assert not any("\ufffd" in each for each in pieces)
        seen += told[0]
    assert set(seen) & set("春眠不觉晓处闻啼鸟夜来风雨声花落知多少")
    assert set(seen) & set("😀🎉")


def chat(ai: openai.OpenAI, model: str, messages: Any, **more: Any) -> Any:
    return ai.chat.completions.create(model=model, messages=messages, **more)


def test_a_model_that_generates_answers_the_last_message_of_a_user(ai: openai.OpenAI) -> None:
    found = chat(ai, "phrases", SOURCE)

    (choice,) = found.choices
    assert (found.object, choice.message.role) == ("chat.completion", "assistant")
    assert choice.message.content
    told, chunks = streamed(chat(ai, "phrases", SOURCE, stream=True))
    assert told == [choice.message.content]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == choice.finish_reason
    plain = ai.completions.create(model="phrases", prompt="will it rain")
    assert texts(plain) == [choice.message.content]
    again = chat(ai, "phrases", [*SOURCE, {"role": "assistant", "content": "nein"}])
    assert again.choices[0].message.content == choice.message.content


def test_a_chat_goes_through_the_models_template(ai: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": [{"type": "text", "text": "rain"}]}]
    found = chat(ai, "chats", messages, temperature=0, max_completion_tokens=5)

    rendered = "<|user|>rain[END]\n<|assistant|>"
    assert found.usage.prompt_tokens == len(rendered) - 4  # [END] is one token
    assert found.usage.completion_tokens <= 5
    assert len(found.choices[0].message.content) <= 5


def refused(server: Running, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = server.ask("POST", f"/v1{path}", body)
    assert answer.status in (400, 404, 413), answer.body
    problem: dict[str, Any] = answer.json["error"]
    assert set(problem) == {"message", "type", "param", "code"}
    return problem


@pytest.mark.parametrize(
    ("changes", "param", "said"),
    [
        ({"max_tokens": 500}, "max_tokens", "after this prompt of 7 tokens there is room for 41"),
        ({"max_tokens": 10**18}, "max_tokens", "room for 41"),
        ({"max_tokens": 0}, "max_tokens", ">= 1"),
        ({"prompt": "a" * 60}, "prompt", "longer than this model can read"),
        ({"prompt": "a" * 9000}, "prompt", "longer than this model can read"),
        ({"prompt": [1, 2]}, "prompt", "tokens are not read here"),
        ({"prompt": [[1], [2]]}, "prompt", "tokens are not read here"),
        ({"prompt": []}, "prompt", "length >= 1"),
        ({"temperature": 2.1}, "temperature", "<= 2"),
        ({"temperature": -0.1}, "temperature", ">= 0"),
        ({"top_p": 1.1}, "top_p", "<= 1"),
        ({"n": 9}, "n", "at most 8 texts"),
        ({"n": 0}, "n", ">= 1"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "stop has 5 strings"),
        ({"stop": "a" * 201}, "stop", "longer than 200 characters"),
        ({"stop": ""}, "stop", "length >= 1"),
        ({"echo": True}, "echo", "echo is not supported"),
        ({"logprobs": 0}, "logprobs", "logprobs is not supported"),
        ({"presence_penalty": 0.5}, "presence_penalty", "not supported"),
        ({"frequency_penalty": -0.5}, "frequency_penalty", "not supported"),
        ({"logit_bias": {"50256": -100}}, "logit_bias", "not supported"),
        ({"best_of": 2}, "best_of", "not supported"),
        ({"suffix": "the end"}, "suffix", "not supported"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "is for streams"),
        ({"user": 7}, "user", "Expected `str"),
        ({"tools": []}, "tools", "unknown field"),
        ({"model": "poem"}, None, "Did you mean 'poems'"),
        ({"model": "intents"}, None, "does not generate text: its task is classify"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_written_is_refused_with_the_fields_name(
    server: Running, changes: dict[str, Any], param: str | None, said: str, stream: bool
) -> None:
    body = {"model": "poems", "prompt": PROMPT, "stream": stream, **changes}
    if "stream_options" in changes:
        body["stream"] = False
    problem = refused(server, "/completions", body)

    assert problem["param"] == param
    assert said in problem["message"]
    assert problem["type"] == "invalid_request_error"
    room = param in ("max_tokens", "prompt") and ("room" in said or "longer than" in said)
    assert (problem["code"] == "context_length_exceeded") == room


def test_too_many_prompts_are_refused_before_one_is_read(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    session = server.server.loader.live["poems"].answerer.session
    monkeypatch.setattr(session, "encode_prompt", lambda text, **_: read.append(text))

    body = {"model": "poems", "prompt": [""] * 129, "n": 2}
    problem = refused(server, "/completions", body)

    assert problem["message"].startswith("258 texts are asked for at once.")
    assert not read


@pytest.mark.parametrize(
    ("model", "changes", "param", "said"),
    [
        ("poems", {}, "model", "no chat template. Ask it at /v1/completions"),
        ("phrases", {"messages": []}, "messages", "length >= 1"),
        ("phrases", {"messages": [{"role": "robot", "content": "a"}]}, "messages", "robot"),
        ("phrases", {"messages": [{"role": "tool", "content": "a"}]}, "messages", "tool"),
        ("phrases", {"messages": [{"role": "system", "content": "a"}]}, "messages", "no message"),
        ("phrases", {"messages": [{"role": "user"}]}, "messages", "content"),
        ("phrases", {"max_completion_tokens": 99}, "max_completion_tokens", "room for 12"),
        ("phrases", {"max_tokens": 99}, "max_tokens", "room for 12"),
        ("phrases", {"logprobs": True}, "logprobs", "not supported"),
        ("phrases", {"response_format": {"type": "json_object"}}, "response_format", "supported"),
        ("phrases", {"tools": [{"type": "function"}]}, "tools", "not supported"),
        ("phrases", {"tool_choice": "required"}, "tool_choice", "not supported"),
        ("phrases", {"store": True}, "store", "not supported"),
        ("phrases", {"audio": None}, "audio", "unknown field"),
        ("chats", {"messages": [{"role": "developer", "content": "a"}]}, "messages", "Only"),
        ("chats", {"messages": [{"role": "user", "content": "[END]"}]}, "messages", "a turn"),
        ("chats", {"messages": [{"role": "user", "content": "a" * 99}]}, "messages", "longer"),
    ],
)
def test_what_is_no_chat_for_a_model_is_refused(
    server: Running, model: str, changes: dict[str, Any], param: str, said: str
) -> None:
    picture = {"type": "image_url", "image_url": {"url": "http://localhost/a.png"}}
    problem = refused(server, "/chat/completions", {"model": model, "messages": SOURCE, **changes})
    seen = refused(
        server,
        "/chat/completions",
        {"model": model, "messages": [{"role": "user", "content": [picture]}]},
    )

    assert problem["param"] == param
    assert said in problem["message"]
    assert seen["param"] == "messages"


def test_what_changes_nothing_may_be_sent(ai: openai.OpenAI) -> None:
    harmless = {"presence_penalty": 0, "frequency_penalty": 0, "best_of": 1, "echo": False}

    assert texts(complete(ai, **harmless)) == texts(complete(ai))


def test_fields_of_a_chat_that_change_nothing_are_taken(server: Running) -> None:
    chat = {"model": "phrases", "messages": SOURCE}
    names = ("tools", "tool_choice", "parallel_tool_calls", "response_format", "store", "metadata")
    harmless = {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "metadata": {}}
    text = {"response_format": {"type": "text"}, "store": False}

    for more in ({}, dict.fromkeys(names), {**harmless, **text}):
        answer = server.ask("POST", "/v1/chat/completions", {**chat, **more})
        assert answer.status == 200, answer.body


def test_control_characters_and_long_runs_are_read_like_any_text(ai: openai.OpenAI) -> None:
    for prompt in ("\x00\x07\x1b[31m", "\u202e\ufeff", "\r\n\t", " " * 30):
        (text,) = texts(complete(ai, prompt))
        assert text.isprintable() or "\n" in text


def test_a_stock_client_is_told_what_is_wrong(ai: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused_one:
        complete(ai, max_tokens=4096)
    assert refused_one.value.code == "context_length_exceeded"
    assert refused_one.value.param == "max_tokens"
    with pytest.raises(openai.NotFoundError):
        ai.completions.create(model="poem", prompt="a")


def test_a_stream_is_a_chunked_body_of_events(server: Running) -> None:
    body = {"model": "poems", "prompt": PROMPT, "stream": True, **DRAWN}
    answer = server.ask("POST", "/v1/completions", body, headers={"X-Request-Id": "mine"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-request-id"] == "mine"
    *events, last, nothing = answer.body.split(b"\n\n")
    assert (last, nothing) == (b"data: [DONE]", b"")
    assert all(json.loads(each.removeprefix(b"data: "))["object"] for each in events)


def test_the_native_protocol_goes_on_searching_as_the_recipe_says(server: Running) -> None:
    native = server.predict("will it rain", name="phrases").json["answers"][0]

    assert set(native) == {"id", "text", "finish_reason", "score"}
