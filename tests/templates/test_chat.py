"""Chats and requests as JSON: every shape in use, and what is broken, hostile or no chat at all."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.templates.chat import said

USER = {"role": "user", "content": "u"}
SYSTEM = {"role": "system", "content": "s"}
PARTS = [{"type": "text", "text": "a"}, {"type": "image", "source": "…"}, {"type": "text", "text": "b"}]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ([USER], "u"),
        (USER, "u"),
        ([SYSTEM, USER], "⟐ s\n⟡ u"),
        ([{"role": "developer", "content": "s"}, USER], "⟐ s\n⟡ u"),
        ([USER, {"role": "assistant", "content": "no"}, {"role": "tool", "content": "no"}, USER], "⟡ u\n⟡ u"),
        ([{"role": "user", "content": PARTS}], "a\nb"),
        (PARTS, "a\nb"),
        ([{"role": "user", "content": [{"type": "tool_result", "content": "no"}]}], ""),
        ([{"role": "assistant", "content": "no"}], ""),
        ({"messages": []}, ""),
        ({"model": "m", "max_tokens": 1, "system": "s", "messages": [USER]}, "⟐ s\n⟡ u"),
        ({"system": [{"type": "text", "text": "s"}], "messages": [USER]}, "⟐ s\n⟡ u"),
        ({"model": "m", "messages": [SYSTEM, USER], "temperature": 0}, "⟐ s\n⟡ u"),
        ({"model": "m", "instructions": "s", "input": "u"}, "⟐ s\n⟡ u"),
        ({"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "u"}]}]}, "u"),
        ({"model": "m", "prompt": "u"}, "u"),
        ({"model": "m", "prompt": ["u", "v"]}, "u\nv"),
        ({"custom_id": "1", "params": {"messages": [USER]}}, "u"),
        ({"custom_id": "1", "url": "/v1", "body": {"messages": [USER]}}, "u"),
        # what a tool gives back is not what the user says; blocks for a cache are
        ({"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "messages": [
            USER, {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "input": {"a": "no"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "no"}, PARTS[0]]},
        ]}, "⟐ s\n⟡ u\n⟡ a"),
        # OpenAI's responses
        ({"model": "m", "instructions": "s", "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "u"}]},
            {"type": "reasoning", "summary": []}, {"type": "function_call_output", "call_id": "c", "output": "no"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "no"}]},
        ]}, "⟐ s\n⟡ u"),
        ({"instructions": "s", "input": [{"type": "message", "role": "user", "content": "u"}]}, "⟐ s\n⟡ u"),
        ({"model": "m", "prompt": {"id": "p"}, "input": [{"type": "input_text", "text": "u"}]}, "u"),
        # Google's
        ({"contents": [{"role": "user", "parts": [{"text": "u"}, {"inlineData": {"data": "no"}}]},
                       {"role": "model", "parts": [{"text": "no"}]}],
          "systemInstruction": {"role": "system", "parts": [{"text": "s"}]}}, "⟐ s\n⟡ u"),
        ({"contents": {"parts": {"text": "u"}}, "system_instruction": {"parts": {"text": "s"}}}, "⟐ s\n⟡ u"),
        ({"model": "m", "contents": "u"}, "u"),
        ([{"role": "user", "parts": [{"text": "u"}]}, {"role": "model", "parts": [{"text": "no"}]}], "u"),
        ({"key": "1", "request": {"contents": [{"parts": [{"text": "u"}]}]}}, "u"),
        # Amazon's
        ({"inputText": "u", "textGenerationConfig": {"maxTokenCount": 9}}, "u"),
        ({"modelId": "m", "system": [{"text": "s"}], "messages": [{"role": "user", "content": [{"text": "u"}]}]},
         "⟐ s\n⟡ u"),
        ({"recordId": "1", "modelInput": {"max_tokens": 9, "messages": [USER]}}, "u"),
        ({"prompt": "u", "max_gen_len": 9}, "u"),
        # JSON in a string
        (json.dumps([SYSTEM, USER]), "⟐ s\n⟡ u"),
        (json.dumps(json.dumps({"messages": [USER]})), "u"),
        ({"method": "POST", "body": json.dumps({"model": "m", "messages": [USER]})}, "u"),
        ([{"role": "USER", "content": "u"}], "u"),
        ({"messages": [1, None, {"role": 5}, {"role": "user"}, {"role": "user", "content": {"a": 1}}, USER]}, "u"),
    ],
)
def test_what_system_and_user_say(cell: Any, text: str) -> None:
    assert said(json.dumps(cell)) == text
    assert said(" \n" + json.dumps(cell, indent=2)) == text


@pytest.mark.parametrize(
    "cell",
    [
        *("[]", "{}", "[1, 2]", '["a"]', "7", '"a"', "null", "[null]", '{"role": "user"}', '{"messages": {"a": 1}}'),
        '{"task": "translate", "input": "x"}',  # a prompt that is JSON itself: no model is asked
        json.dumps({"body": {"body": {"body": {"body": {"messages": [USER]}}}}}),
        json.dumps(json.dumps(json.dumps(json.dumps(json.dumps([USER]))))),
        *('{"contents": "a"}', '{"parts": ["a"]}', '{"contents": ["a"]}', '{"inputText": 7}', '{"request": "do"}'),
        *('"[x] a"', '"{a"', '"[\\"a\\"]"', '"[{}]" and more', '{"body": "[USER]"}'),
        *("[INST] do", "{name} do", "[", "", "{'role': 'user'}"),
        '[{"role": "user", "content": "a"}] and more',
    ],
)
def test_what_is_no_chat_stays_as_it_is(cell: str) -> None:
    assert said(cell) is None


@pytest.mark.parametrize("cut", ['[{"role":"user","content":"cut o', '{"system":"cut o', '{"messages":[{"role":"user"'])
def test_a_request_that_was_cut_off_is_read_as_far_as_it_goes(cut: str) -> None:
    assert said(cut) == {"[": "cut o", '{"s': None, '{"m': ""}[cut[:1] if cut[0] == "[" else cut[:3]]


@pytest.mark.parametrize("unit", ["[", '{"a":', '[{"role":"user","content":', "[1,", '{"messages":['])
def test_hostile_nesting_is_no_chat_and_takes_no_time(unit: str) -> None:
    began = time.process_time()
    assert said(unit * 200_000) is None
    assert time.process_time() - began < 1


def test_half_a_character_is_left_out() -> None:
    assert said('[{"role":"user","content":"a\\ud83d b\\ud83d\\ude00 \\\\ud83d c\\uDE00"}]') == "a b😀 \\ud83d c"
    assert said(json.dumps('[{"role":"user","content":"a\\ud83d b"}]')) == "a b"


def test_the_last_of_a_repeated_key_counts() -> None:
    assert said('[{"role":"user","content":"a","content":"b"}]') == "b"


@settings(deadline=None)
@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_a_lone_user_reads_as_a_plain_prompt(text: str) -> None:
    assert said(json.dumps([{"role": "user", "content": text}])) == text


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["role", "content", "messages", "system", "type", "text", "body", "model", "input",
                                 "parts", "contents", "system_instruction", "inputText", "prompt", "request"]), x
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_at_all_breaks_it(value: Any) -> None:
    assert said(json.dumps(value)) is None or isinstance(said(json.dumps(value)), str)
