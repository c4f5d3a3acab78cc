"""A search over a few thousand short texts in two languages, from memory.

Knows nothing of services: it is given documents and returns their keys, best first.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from core.arabic import fold, is_arabic, skeletons, stem


class Field(IntEnum):
    """Where a word stands; a smaller one is worth more."""

    NAME = 1
    ALIAS = 2
    # Who offers it: "passport interior".
    OWNER = 3
    DESCRIPTION = 4


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be found. All texts are as written; both languages stand side by side."""

    key: str
    names: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hits:
    """Keys, best first. `complete`: each has all the words; otherwise these only come closest."""

    keys: tuple[str, ...]
    complete: bool


# Said out of politeness or grammar; they count only where nothing else was typed.
_FILLERS = frozenset(
    stem(fold(word))
    for word in (
        *("a", "an", "the", "of", "for", "to", "in", "on", "at", "my", "and", "or", "i"),
        *("how", "want", "service", "services", "online", "al", "el"),
        *("في", "من", "على", "عن", "إلى", "الى", "مع", "أو", "أن", "كيف", "أريد"),
        *("خدمة", "خدمات", "الخدمة", "الخدمات"),
    )
)
_LONGEST_QUERY = 12  # words; nobody types more, and each costs time
_TYPO_FROM = 4  # letters; a shorter word with one wrong letter is another word
_PREFIX_FROM = 2
_MANY_WORDS = 400  # of the vocabulary that begin with what was typed: enough to rank by
_TYPO = 10  # any spelling as typed is better than any guess
_OTHER_LETTERS = 12  # "jawaz" for «جواز»: a guess too, and a rougher one
_SKELETON_PREFIX_FROM = 3
_PART = 1  # the beginning of a word, as against all of it
# A place in the order, as one number: by rank, then the shorter name, then as they stand. What is
# asked for by its whole name, or alias, comes before every rank.
_NUMBER, _LENGTH_FROM, _RANK_FROM = (1 << 24) - 1, 24, 40
_LONGEST_LENGTH = (1 << (_RANK_FROM - _LENGTH_FROM)) - 1
_AFTER_TITLES = 16
# A rank: the weakest word decides, among equals the sum of all.
_WORST_FROM = 10


class Index:
    """Built once for a catalogue (about a second for 10,000 documents), asked in milliseconds."""

    def __init__(self, documents: Iterable[Document]) -> None:
        # word → number of document → the best field in which it stands.
        self._postings: dict[str, dict[int, int]] = {}
        self._keys: list[str] = []
        self._length: list[int] = []
        self._places: list[int] = []
        # Whole names and aliases without their spaces.
        self._whole: dict[str, dict[int, int]] = {}
        self._squeezed: list[str] = []
        for document in documents:
            self._add(document)
        self._words = sorted(self._postings)
        self._misspelt: dict[str, list[str]] = {}
        for word in self._words:
            if len(word) >= _TYPO_FROM and not word.isdigit():
                for gap in _with_one_less(word):
                    self._misspelt.setdefault(gap, []).append(word)
        # (skeleton, word) of names and aliases in Arabic letters, and of those in Latin ones.
        self._sounds: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
        for word in self._words:
            if min(self._postings[word].values()) <= Field.ALIAS:
                self._sounds[is_arabic(word)] += ((sound, word) for sound in skeletons(word))
        for pairs in self._sounds.values():
            pairs.sort()

    def _add(self, document: Document) -> None:
        number = len(self._keys)
        self._keys.append(document.key)
        length = min((len(name) for name in document.names if name), default=0)
        self._length.append(length)
        self._places.append((min(length, _LONGEST_LENGTH) << _LENGTH_FROM) + number)
        titles = []
        for field, texts in (
            (Field.NAME, document.names),
            (Field.ALIAS, document.aliases),
            (Field.OWNER, document.owners),
            (Field.DESCRIPTION, document.descriptions),
        ):
            for text in texts:
                words = _words(text)
                for word in words:
                    self._postings.setdefault(word, {}).setdefault(number, int(field))
                if words and field <= Field.ALIAS:
                    squeezed = "".join(words)
                    titles.append(squeezed)
                    self._whole.setdefault(squeezed, {}).setdefault(number, int(field))
        self._squeezed.append(" ".join(titles))

    def __len__(self) -> int:
        return len(self._keys)

    def search(self, query: str) -> Hits:
        """What fits `query`, best first: whole name, name, alias, owner, description.

        A word counts as typed, then as the beginning of a word, then taken apart where a space
        is missing, then with one letter wrong or in the letters of the other language. Where
        nothing has all the words, what has the most of them, at least half. An empty query finds
        nothing.
        """
        words = _words(query)
        if not words:
            return Hits((), complete=True)
        titles = self._whole.get("".join(words), {})
        asked = [word for word in words if word not in _FILLERS] or words
        groups = [group for word in asked[:_LONGEST_QUERY] for group in self._understood(word)]
        ranked = self._ranked(_in_all(groups), titles)
        if ranked:
            return Hits(tuple(ranked), complete=True)
        # "pass port renewal": spaces where none belong.
        squeezed = "".join(words)
        if len(squeezed) >= _TYPO_FROM:
            inside = [n for n, text in enumerate(self._squeezed) if squeezed in text]
            if inside:
                inside.sort(key=self._length.__getitem__)
                return Hits(tuple(self._keys[n] for n in inside), complete=True)
        for enough in range(len(groups) - 1, (len(groups) - 1) // 2, -1):
            ranked = self._ranked(_in_some(groups, enough), {})
            if ranked:
                return Hits(tuple(ranked), complete=False)
        return Hits((), complete=True)

    def _ranked(self, ranks: dict[int, int], titles: dict[int, int]) -> list[str]:
        """The keys of `ranks`, the least first, and before them those whose title was typed."""
        # One number each: the rank, the length, the document. Ten thousand tuples sort too slowly.
        places = self._places
        if titles:
            ranks = {number: rank for number, rank in ranks.items() if number not in titles}
        order = [(rank + _AFTER_TITLES << _RANK_FROM) + places[n] for n, rank in ranks.items()]
        order += [(field << _RANK_FROM) + places[n] for n, field in titles.items()]
        order.sort()
        keys = self._keys
        return [keys[place & _NUMBER] for place in order]

    def _understood(self, word: str) -> Iterator[dict[int, int]]:
        """For each word that `word` stands for: documents that have it, with what it costs."""
        costs = self._as_typed(word)
        if costs:
            yield costs
            return
        # «وجواز», «لجواز»: one letter of grammar before the word.
        if word[0] in "وبلف" and len(word) > _TYPO_FROM:
            costs = self._as_typed(stem(word[1:]))
            if costs:
                yield costs
                return
        halves = self._taken_apart(word)
        if halves:
            yield from halves
            return
        guesses = self._misspelling(word)
        for number, cost in self._in_other_letters(word).items():
            guesses.setdefault(number, cost)
        yield guesses

    def _as_typed(self, word: str) -> dict[int, int]:
        costs: dict[int, int] = {}
        self._spread(costs, word, 0)
        if len(word) >= _PREFIX_FROM and not word.isdigit():
            at = bisect_left(self._words, word)
            for other in self._words[at : at + _MANY_WORDS]:
                if not other.startswith(word):
                    break
                if other != word:
                    self._spread(costs, other, _PART)
        return costs

    def _taken_apart(self, word: str) -> list[dict[int, int]]:
        """«جوازالسفر» as «جواز» and «السفر»: the first half a whole word, the second its start."""
        for at in range(len(word) - _PREFIX_FROM, _PREFIX_FROM - 1, -1):
            first, second = stem(word[:at]), stem(word[at:])
            if first in self._postings and len(second) >= _PREFIX_FROM:
                halves = [self._as_typed(first), self._as_typed(second)]
                if halves[1] and halves[0].keys() & halves[1].keys():
                    return halves
        return []

    def _misspelling(self, word: str) -> dict[int, int]:
        costs: dict[int, int] = {}
        if len(word) < _TYPO_FROM or word.isdigit():
            return costs
        for gap in _with_one_less(word):
            for other in self._misspelt.get(gap, ()):
                if differ_by_one(word, other):
                    self._spread(costs, other, _TYPO)
        return costs

    def _in_other_letters(self, word: str) -> dict[int, int]:
        """ "jawaz" for «جواز», «باسبورت» for "passport": names and aliases that sound alike."""
        costs: dict[int, int] = {}
        if len(word) < _TYPO_FROM:
            return costs
        pairs = self._sounds[not is_arabic(word)]
        for sound in skeletons(word):
            begins = len(sound) >= _SKELETON_PREFIX_FROM
            at = bisect_left(pairs, (sound, ""))
            for other, spelt in pairs[at : at + _MANY_WORDS]:
                if other == sound:
                    self._spread(costs, spelt, _OTHER_LETTERS, Field.ALIAS)
                elif begins and other.startswith(sound):
                    self._spread(costs, spelt, _OTHER_LETTERS + _PART, Field.ALIAS)
                else:
                    break
        return costs

    def _spread(
        self, costs: dict[int, int], word: str, extra: int, last: Field = Field.DESCRIPTION
    ) -> None:
        postings = self._postings.get(word, {})
        if not costs and last is Field.DESCRIPTION:
            costs.update({number: 2 * field + extra for number, field in postings.items()})
            return
        for number, field in postings.items():
            cost = 2 * field + extra
            if field <= last and cost < costs.get(number, cost + 1):
                costs[number] = cost


def _in_all(groups: Sequence[dict[int, int]]) -> dict[int, int]:
    """What stands in every group, with its rank; nothing where there is no group."""
    if not groups:
        return {}
    fewest, *others = sorted(groups, key=len)
    ranks = {}
    for number, cost in fewest.items():
        worst = total = cost
        for group in others:
            other = group.get(number)
            if other is None:
                break
            worst = max(worst, other)
            total += other
        else:
            ranks[number] = (worst << _WORST_FROM) + total
    return ranks


def _in_some(groups: Sequence[dict[int, int]], enough: int) -> dict[int, int]:
    """What stands in `enough` of the groups at least, with its rank among those."""
    by_size = sorted(groups, key=len)
    # Whoever is missing in so few groups stands in one of these; the long ones are only asked.
    candidates = set().union(*by_size[: len(groups) - enough + 1])
    ranks = {}
    for number in candidates:
        costs = [group[number] for group in groups if number in group]
        if len(costs) >= enough:
            ranks[number] = (max(costs) << _WORST_FROM) + sum(costs)
    return ranks


# A word as it stands in a text: letters and digits with the marks that Arabic (and a decomposed
# Latin accent) puts on them.
_WRITTEN = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670])*")


def matches(text: str, query: str) -> list[tuple[int, int]]:
    """Where the words of `query` stand in `text` as it is written: (start, end), in order.

    Whole words, because the letters of an Arabic word join and must not be set apart. Each word of
    the query counts by the first reading that fits, in the order in which `Index` reads it.
    """
    written = [(found.span(), stem(fold(found.group()))) for found in _WRITTEN.finditer(text)]
    asked = _words(query)
    asked = [word for word in asked if word not in _FILLERS] or asked
    fitting = {
        at for word in asked[:_LONGEST_QUERY] for at in _places(word, [w for _, w in written])
    }
    if not fitting:
        squeezed = "".join(asked)
        fitting = {
            at
            for at, (_, word) in enumerate(written)
            if len(word) >= _TYPO_FROM and word in squeezed
        }
    return [written[at][0] for at in sorted(fitting)]


def _places(word: str, words: Sequence[str]) -> set[int]:
    """Which of `words` the one word `word` means."""
    typed = {word, stem(word[1:])} if word[0] in "وبلف" and len(word) > _TYPO_FROM else {word}
    prefixes = tuple(one for one in typed if len(one) >= _PREFIX_FROM)
    as_typed = {
        at for at, other in enumerate(words) if other in typed or other.startswith(prefixes)
    }
    if as_typed:
        return as_typed
    for at in range(len(word) - _PREFIX_FROM, _PREFIX_FROM - 1, -1):
        first, second = stem(word[:at]), stem(word[at:])
        halves = {n for n, other in enumerate(words) if other == first or other.startswith(second)}
        if first in words and any(words[n].startswith(second) for n in halves):
            return halves
    if len(word) < _TYPO_FROM:
        return set()
    alike = {
        at
        for at, other in enumerate(words)
        if len(other) >= _TYPO_FROM and not word.isdigit() and differ_by_one(word, other)
    }
    if alike:
        return alike
    sounds = skeletons(word)
    return {
        at
        for at, other in enumerate(words)
        if is_arabic(other) != is_arabic(word) and _sounds_alike(sounds, other)
    }


def _sounds_alike(sounds: frozenset[str], word: str) -> bool:
    others = skeletons(word)
    return bool(sounds & others) or any(
        other.startswith(sound)
        for sound in sounds
        if len(sound) >= _SKELETON_PREFIX_FROM
        for other in others
    )


def _words(text: str) -> list[str]:
    return [stem(word) for word in fold(text).split()]


def _with_one_less(word: str) -> set[str]:
    """`word`, and `word` without each of its letters: two words that share one of these differ
    by little, which `differ_by_one` then decides."""
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


def differ_by_one(one: str, other: str) -> bool:
    """Whether one letter added, lost, changed, or swapped with its neighbour makes them equal."""
    if one == other:
        return True
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = _common_start(one, other)
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at : at + 2][::-1] == other[at : at + 2]
    return one[at + 1 :] == other[at + 1 :] or (swapped and one[at + 2 :] == other[at + 2 :])


def _common_start(one: Sequence[str], other: Sequence[str]) -> int:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
