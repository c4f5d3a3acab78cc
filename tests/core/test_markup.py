"""Markdown of public texts: one allow-list, whatever is typed."""

from __future__ import annotations

import time
import unicodedata
from xml.etree.ElementTree import Element

import html5lib
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import placeholders
from core.markup import links, plain, render

REL = 'dir="auto" rel="nofollow noopener noreferrer"'


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", ""),
        ("Plain words.", "<p>Plain words.</p>"),
        ("One line\nthe next", "<p>One line<br>\nthe next</p>"),
        ("One line\r\nthe next", "<p>One line<br>\nthe next</p>"),
        ("A paragraph\n\nand another", "<p>A paragraph</p>\n<p>and another</p>"),
        ("الخدمة **متوقفة** *الآن*", "<p>الخدمة <strong>متوقفة</strong> <em>الآن</em></p>"),
        ("- web\n- app", "<ul>\n<li>web</li>\n<li>app</li>\n</ul>"),
        ("1. go\n2. pay", "<ol>\n<li>go</li>\n<li>pay</li>\n</ol>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
    ],
)
def test_what_the_list_allows_is_rendered(typed: str, shown: str) -> None:
    assert render(typed) == shown


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("# Heading #", "<p><strong>Heading</strong></p>"),
        ("###### a [b](tel:1)", f'<p><strong>a <a href="tel:1" {REL}>b</a></strong></p>'),
        ("Words\n---\nmore", "<p>Words</p>\n<p>more</p>"),
        ("![a map](https://a.example/x.png)", "<p>a map</p>"),
        ("<b>x</b><script>y</script>", "<p>&lt;b&gt;x&lt;/b&gt;&lt;script&gt;y&lt;/script&gt;</p>"),
        ("<!-- x -->", "<p>&lt;!-- x --&gt;</p>"),
        ("`code` ~~x~~", "<p>`code` ~~x~~</p>"),
        ("```\ncode\n```", "<p>```<br>\ncode<br>\n```</p>"),
        ("    indented", "<p>indented</p>"),
        ("|a|b|\n|-|-|", "<p>|a|b|<br>\n|-|-|</p>"),
        ("&lt;b&gt; &#x202e;", "<p>&amp;lt;b&amp;gt; &amp;#x202e;</p>"),
        ("[note]: https://a.example", "<p>[note]: https://a.example</p>"),
        ("https://a.example", "<p>https://a.example</p>"),
    ],
)
def test_everything_else_is_shown_as_words(typed: str, shown: str) -> None:
    assert render(typed) == shown


def test_a_list_keeps_the_number_that_it_begins_with() -> None:
    # "27. November" would otherwise be shown as the first of something.
    assert render("27. November") == '<ol start="27">\n<li>November</li>\n</ol>'
    assert plain("27. November\n28. x") == "27. November\n28. x"
    assert plain("0. none") == "0. none"


@pytest.mark.parametrize(
    ("typed", "address", "words"),
    [
        ("[portal](https://a.example/x?y=1&z=2)", "https://a.example/x?y=1&amp;z=2", "portal"),
        ('[portal](http://a.example "title")', "http://a.example", "portal"),
        ("<https://a.example/x>", "https://a.example/x", "https://a.example/x"),
        ("<help@a.example>", "mailto:help@a.example", "help@a.example"),
        ("[write](mailto:help@a.example?subject=x)", "mailto:help@a.example?subject=x", "write"),
        ("[+973 8000 8001](tel:+97380008001)", "tel:+97380008001", "+973 8000 8001"),
        ("[اتصل](tel:٨٠٠٠-٨٠٠١)", "tel:8000-8001", "اتصل"),
        ("[](https://a.example)", "https://a.example", "https://a.example"),
        ("[![](https://b.example/x.png)](tel:1)", "tel:1", "1"),
        ("[بوابة](https://بوابة.example/)", "https://xn--mgbbbe6m.example/", "بوابة"),
        ("[x](HTTPS://A.example)", "https://A.example", "x"),
        ("[x](Tel:1)", "tel:1", "x"),
    ],
)
def test_a_link_says_where_it_goes_and_keeps_its_own_direction(
    typed: str, address: str, words: str
) -> None:
    assert render(typed) == f'<p><a href="{address}" {REL}>{words}</a></p>'


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#115;cript:alert(1)",
        "vbscript:x",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://a.example",
        "sms:1",
        "/ar/services/",
        "//a.example",
        "?q=1",
        "#top",
        "https:",
        "https:///a.example",
        "https:a.example",
        "https://portal.example@elsewhere.example/",
        r"https://elsewhere.example\@portal.example/",
        "https://{service}/",
        'https://a"b.example/',
        "https://a.example:99999/",
        "https://999.999.999.999/",
        "tel:call",
        "mailto:nobody",
    ],
)
def test_an_address_of_another_kind_is_no_link(address: str) -> None:
    shown = render(f"[x]({address})")
    assert "<a" not in shown
    assert "x" in shown
    assert links(f"[x]({address})") == []
    assert "<a" not in render(f"<{address}>")


def test_words_that_lead_nowhere_are_no_link() -> None:
    assert render("[words](), [more]( ) and []().") == "<p>words, more and .</p>"
    assert plain("[words]()") == "words"
    assert links("[words]()") == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a\u202eb\u2066c\u200fd\u061ce", "<p>abcde</p>"),
        ("a\0b\x1b\x7f\x9bc", "<p>abc</p>"),
        ("a\u2028b\x85c", "<p>a<br>\nb<br>\nc</p>"),
        ("a\ud800b", "<p>ab</p>"),
        # What joins letters, or keeps them apart, is no mark of direction.
        ("می\u200cخواهم", "<p>می\u200cخواهم</p>"),
    ],
)
def test_nothing_invisible_is_left_to_deceive(typed: str, shown: str) -> None:
    assert render(typed) == shown


def test_an_address_is_shown_as_it_was_typed_not_decoded() -> None:
    assert render("<https://a.example/%E2%80%AEx>") == (
        f'<p><a href="https://a.example/%E2%80%AEx" {REL}>https://a.example/%E2%80%AEx</a></p>'
    )


# --- plain --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("# Heading\n\n**Strong** and *soft*\nnext", "Heading\n\nStrong and soft\nnext"),
        ("Ways:\n\n- web\n- app\n\nDone", "Ways:\n\n- web\n- app\n\nDone"),
        ("1. go\n   - in\n     side\n2. pay", "1. go\n  - in\n    side\n2. pay"),
        ("> said\n> > before", "said\n\nbefore"),
        ("a\n\n***\n\nb", "a\n\nb"),
        ("<b>1 < 2</b> &amp;", "<b>1 < 2</b> &amp;"),
        ("See [portal](https://a.example).", "See portal (\u2068https://a.example\u2069)."),
        ("See <https://a.example>.", "See \u2068https://a.example\u2069."),
        (
            "See [https://a.example](https://a.example).",
            "See \u2068https://a.example\u2069.",
        ),
        ("[write](mailto:h@a.example?subject=x)", "write (\u2068h@a.example\u2069)"),
        ("<h@a.example>", "\u2068h@a.example\u2069"),
        ("[اتصل بنا](tel:+97380008001)", "اتصل بنا (\u2068+97380008001\u2069)"),
        ("[8000 8001](tel:80008001)", "\u20688000 8001\u2069"),
        ("![a map](https://a.example/x.png)", "a map"),
    ],
)
def test_the_same_text_is_said_without_markup(typed: str, said: str) -> None:
    assert plain(typed) == said


def test_addresses_can_be_left_out_but_not_what_is_read_aloud() -> None:
    typed = "[portal](https://a.example), <https://b.example>, [8000](tel:8000), <h@a.example>"
    assert plain(typed, with_addresses=False) == "portal, , 8000,"


def test_links_are_listed_in_their_order() -> None:
    assert links("[a](https://b.example)\n\n- <h@c.example>\n- [d](javascript:x)") == [
        "https://b.example",
        "mailto:h@c.example",
    ]


# --- placeholders -------------------------------------------------------------------------------


def test_placeholders_come_through_and_values_are_no_markdown() -> None:
    typed = "**{service}** since {since}, next update {next_update}\n\n- {service}"
    values = {"service": "<bdi>*A*</bdi>", "since": "1", "next_update": "{since}"}
    assert placeholders.fill(render(typed), values) == (
        "<p><strong><bdi>*A*</bdi></strong> since 1, next update {since}</p>\n"
        "<ul>\n<li><bdi>*A*</bdi></li>\n</ul>"
    )
    assert placeholders.fill(plain(typed), values) == (
        "<bdi>*A*</bdi> since 1, next update {since}\n\n- <bdi>*A*</bdi>"
    )


KNOWN = ("service", "since", "next_update")
BRACED = st.lists(
    st.sampled_from(
        ["{service}", "{since}", "{next_update}", "{", "}", "{x}", "&#123;", "\\", "_", "*", "[a](",
         "https://a.example/", ")", "<", ">", "![", "]", "`", " ", "\n", "- ", "# ", "> ", "ن"]
    )
).map("".join)  # fmt: skip


@given(BRACED)
@example("&#123;x&#125;")
@example("{next\\_update}")
@example("[{since}](https://a.example/{service})")
@example("<https://a.example/%7Bx%7D>")
def test_a_text_whose_placeholders_are_known_gains_no_other_ones(typed: str) -> None:
    if not placeholders.unknown(typed, KNOWN):
        for shown in (render(typed), plain(typed)):
            assert placeholders.unknown(shown, KNOWN) == []
        # Filled in later, a value could close an attribute.
        assert [
            link for link in parsed(render(typed)).iter("a") if "{" in link.attrib["href"]
        ] == []


# --- whatever the input -------------------------------------------------------------------------

ATTRIBUTES = {"a": {"href", "dir", "rel"}, "ol": {"start"}}
TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "a", "blockquote"}
MARKS = st.sampled_from(
    ["*", "**", "_", "[", "](", ")", "<", ">", "</p>", "<script>", "<img src=x onerror=y>", "&lt;",
     "javascript:", "https://a.example", "mailto:a@b.example", "tel:1", '"', "'", " ", "\n", "\n\n",
     "- ", "1. ", "9) ", "# ", "> ", "    ", "`", "```", "![", "---", "\\", "\u202e", "\0", "ن",
     "a", "style=", "<a href=", "<!--", "&#x3c;", "{service}"]
)  # fmt: skip
TYPED = st.one_of(st.text(max_size=80), st.lists(MARKS, max_size=30).map("".join))


def parsed(shown: str) -> Element:
    return html5lib.parseFragment(shown, treebuilder="etree", namespaceHTMLElements=False)


@given(TYPED)
@example('[x](https://a.example/"onclick="y)')
@example("[x](https://a.example/<script>)")
@example('<https://"a.example>')
@example("[]( )")
def test_no_element_or_attribute_outside_the_list_ever_comes_out(typed: str) -> None:
    for element in list(parsed(render(typed)).iter())[1:]:
        assert element.tag in TAGS
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set())
        if element.tag == "a":
            scheme = element.attrib["href"].partition(":")[0].lower()
            assert scheme in {"http", "https", "mailto", "tel"}
            assert element.attrib["rel"] == "nofollow noopener noreferrer"
            assert element.attrib["dir"] == "auto"


@given(TYPED)
def test_nothing_that_hides_or_turns_text_comes_out(typed: str) -> None:
    shown = render(typed)
    assert [c for c in shown if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"] == []
    assert set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f") == set()


# Numbers and addresses are said by `plain` alone, so neither is typed here.
WORDS = st.lists(
    st.sampled_from(
        ["*", "**", "_", "#", "> ", ">", "\\", "`", "&amp;", "<b>", " ", "\n", "\n\n", "ن", "a"]
    ),
    max_size=40,
).map("".join)


@given(WORDS)
def test_a_page_and_a_mail_say_the_same_words(typed: str) -> None:
    # A reader hears a paragraph end where no space was typed.
    shown = render(typed).replace("</p>", "</p> ").replace("<br>", "<br> ")
    said = [word for word in plain(typed).split() if word != "-"]
    assert said == "".join(parsed(shown).itertext()).split()


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 5000,
        "*" * 5000,
        "_*" * 2500,
        "*a **b _" * 600,
        ">" * 5000,
        "> " * 2500 + "x",
        "- " * 2500 + "x",
        "1. " * 1600 + "x",
        "".join("  " * depth + "- x\n" for depth in range(69)),
        "![" * 2500,
        "[a](" * 1250,
        "<" * 5000,
        "<https:" * 700,
        "\\" * 5000,
        "{" * 5000,
        "a\n" * 2500,
        "[](https://a.example)" * 230,
        "خدمة " * 1000,
    ],
)
def test_five_thousand_characters_of_anything_end_quickly(bomb: str) -> None:
    began = time.process_time()
    render(bomb)
    plain(bomb)
    # Measured: a second at most on a slow machine. A parser that goes astray takes minutes.
    assert time.process_time() - began < 10


@pytest.mark.parametrize("level", ["> ", "- ", "1. "])
def test_words_below_many_levels_are_still_said(level: str) -> None:
    assert "the way out" in render(level * 200 + "the way out")
    assert "the way out" in plain(level * 200 + "the way out")
