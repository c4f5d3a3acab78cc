"""JSON-LD: what the portal writes, and plain descriptions of services from elsewhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange import jsonld
from services.exchange.columns import COLUMNS, KEYS, columns_of
from services.exchange.plan import make_plan
from services.exchange.records import Record
from services.exchange.terms import NESTED, TERMS, context, names_of
from tests.services.exchange.catalogues import AGENCY, NATION, plan, present, told

MINIMAL = {
    "@context": "https://example.eu/somebody-elses-context.jsonld",
    "@graph": [
        {
            "@id": "https://gov.example/org/moi",
            "@type": "cv:PublicOrganisation",
            "dct:identifier": "MOI",
            "skos:prefLabel": [
                {"@value": "الداخلية", "@language": "ar"},
                {"@value": "Interior", "@language": "en"},
            ],
        },
        {
            "@id": "https://gov.example/services/pass-renew",
            "@type": "http://purl.org/vocab/cpsv#PublicService",
            "dct:identifier": "https://gov.example/services/pass-renew",
            "http://purl.org/dc/terms/title": {"ar": "تجديد الجواز", "en": "Passport renewal"},
            "dct:description": {"@value": "Renews a passport.", "@language": "en-GB"},
            "cv:hasCompetentAuthority": {"@id": "https://gov.example/org/moi"},
            "dct:language": "ar",
        },
    ],
}


def read(whole):
    return jsonld.read(json.dumps(whole).encode())


def test_a_minimal_public_service_from_elsewhere_is_read():
    found = make_plan(read(MINIMAL), present())
    assert found.faults == ()
    agency, service = found.creates
    assert agency.key == ("agency", "MOI")
    assert service.key == ("service", "pass-renew")
    names = ("agency", "name_ar", "name_en", "description_ar", "description_en")
    assert [service.values[name] for name in names] == [
        "MOI",
        "تجديد الجواز",
        "Passport renewal",
        "",
        "Renews a passport.",
    ]


def test_a_schema_org_service_alone_is_read():
    service = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "identifier": "book",
        "name": ["حجز موعد", "Booking"],
        "provider": {"@type": "GovernmentOrganization", "identifier": "MOI"},
        "telephone": "800 1000",
        "availableChannel": {
            "@type": "ServiceChannel",
            "channel": "web",
            "serviceUrl": "https://moi.gov.example/book",
        },
    }
    found = make_plan(read(service), present(AGENCY))
    assert found.faults == ()
    book, web = found.creates
    assert (book.values["name_ar"], book.values["name_en"]) == ("حجز موعد", "Booking")
    assert book.values["phone"] == "800 1000"
    assert web.key == ("channel", "book", "web")
    assert web.values["url"] == "https://moi.gov.example/book"


def test_what_an_entry_does_not_say_stays_and_what_it_empties_is_cleared():
    there = present(
        AGENCY,
        {
            "record": "service",
            "slug": "book",
            "public_id": "cccccccccccc",
            "agency": "MOI",
            "name_ar": "ح",
            "name_en": "B",
            "phone": "1",
            "hours_ar": "ص",
            "hours_en": "am",
            "aliases_en": "x",
        },
    )
    entry: dict[str, Any] = {
        "@type": "cpsv:PublicService",
        "identifier": "book",
        "telephone": None,
        "openingHours": {"en": ""},
        "alternateName": {"en": []},
    }
    (item,) = make_plan(read([entry]), there).changes
    assert item.values == {"phone": "", "hours_en": "", "aliases_en": ""}


def test_a_specification_is_given_whole():
    check = {"checkName": "", "spec": {"url": "https://a.example/", "method": "HEAD"}}
    entry = {
        "@type": "cpsv:PublicService",
        "identifier": "pass-renew",
        "availableChannel": [{"channel": "web", "check": [check]}],
    }
    (item,) = make_plan(read([entry]), NATION).changes
    assert item.values == {"spec": {"url": "https://a.example/", "method": "HEAD"}}
    check["spec"] = {"url": "https://a.example/"}
    assert make_plan(read([entry]), NATION).is_empty


def test_a_fault_names_the_line_of_the_entry_and_the_way_inside_it():
    text = """{"@graph": [
  {"@type": "cv:PublicOrganisation", "identifier": "MOI"},

  {"@type": "cpsv:PublicService", "identifier": "pass-renew", "availableChannel": [
    {"channel": "web", "check": [
      {"checkName": ""}, {"checkName": "Port", "checkKind": "tcp", "spec": {"host": "a b"}}
  ]}]},
  {"@type": "cpsv:PublicService", "identifier": "login", "colour": "red"}
]}"""
    found = make_plan(jsonld.read(text.encode()), NATION)
    assert told(found.faults) == [
        (4, "availableChannel[0].check[1].spec.host", "bad_spec"),
        (8, "", "unknown_column"),
    ]


def test_words_of_other_vocabularies_are_passed_over():
    entry = {
        "@type": ["cpsv:PublicService", "https://other.example/Thing"],
        "identifier": "pass-renew",
        "cv:sector": {"@id": "http://eurovoc.example/1"},
        "https://other.example/colour": "red",
    }
    assert make_plan(read([entry]), NATION).is_empty


@pytest.mark.parametrize("value", [{"a": {}}, ["1", "2"], [[1]]])
def test_what_is_no_plain_value_is_a_fault(value):
    entry = {"@type": "cpsv:PublicService", "identifier": "pass-renew", "telephone": value}
    assert told(read([entry]).faults) == [(1, "telephone", "not_a_text")]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["@graph", "@type", "@id", "identifier", "name", "spec", "availableChannel"]
                )
                | st.text(max_size=5),
                inner | st.just("cpsv:PublicService"),
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_rows_or_faults(whole):
    document = read(whole)
    assert document.rows or document.faults
    for fault in plan(*document.rows).faults:
        assert fault.sentence()


def test_a_nest_without_end_is_a_fault():
    assert told(jsonld.read(b"[" * 100_000).faults) == [(0, "", "bad_json")]


def test_a_broken_file_names_the_line():
    assert told(jsonld.read(b'{\n"@graph": [\n}').faults) == [(3, "", "bad_json")]


def test_every_column_has_a_term_and_no_term_means_two_things():
    for record, terms in TERMS.items():
        told_by_terms = {
            column
            for term in terms
            for column in (
                (f"{term.column}_ar", f"{term.column}_en") if term.languages else (term.column,)
            )
        }
        # What an entry stands in says the rest of its key.
        outer = {"service", "dependant"} | ({"channel"} if record is Record.CHECK else set())
        assert told_by_terms == set(columns_of(record)) - (outer & set(KEYS[record]))
        written = [term.name for term in terms] + [each[0] for each in NESTED.get(record, ())]
        assert len(set(written)) == len(written)
        read_as = [name for term in terms for name in names_of(term)[:2]]
        assert len(set(read_as)) == len(read_as)
    assert {column.name for column in COLUMNS if column.cells} == {
        name for record in Record for name in columns_of(record)
    }


def test_the_context_gives_each_word_one_address():
    addresses: dict[str, str] = {}
    for record in Record:
        for term in TERMS[record]:
            assert addresses.setdefault(term.name, term.iri) == term.iri
    assert set(addresses) < set(context())


def test_what_is_written_names_its_vocabularies_and_asks_nobody():
    whole = json.loads(jsonld.write(NATION))
    assert list(whole) == ["@context", "@graph"]
    assert all(isinstance(value, str | dict) for value in whole["@context"].values())
    (service,) = [entry for entry in whole["@graph"] if entry.get("identifier") == "pass-renew"]
    assert service == {
        "@id": "urn:statusportal:service:pass-renew",
        "@type": ["cpsv:PublicService", "schema:GovernmentService"],
        "identifier": "pass-renew",
        "publicId": "aaaaaaaaaaaa",
        "name": {"ar": "تجديد الجواز", "en": "Passport renewal"},
        "hasCompetentAuthority": "urn:statusportal:agency:MOI",
        "tier": 2,
        "isShared": False,
        "visibility": "public",
        "isBeta": False,
        "position": 0,
        "availableChannel": [
            {
                "@type": ["cv:Channel", "schema:ServiceChannel"],
                "channel": "web",
                "position": 0,
                "check": [
                    {
                        "@type": "portal:Check",
                        "checkKind": "http",
                        "isEssential": True,
                        "isEnabled": True,
                        "network": "internet",
                        "slowAfterMs": 4000,
                        "spec": {"url": "https://a.example/"},
                    }
                ],
            }
        ],
        "dependsOn": [
            {
                "@type": "portal:Dependency",
                "upstream": "urn:statusportal:service:login",
                "need": "hard",
            }
        ],
    }
