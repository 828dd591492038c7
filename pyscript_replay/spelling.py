"""The nearest word, for whoever has misspelled one."""


def nearest(word: str, words: "list | tuple") -> str:
    """That of ``words`` which takes the fewest edits to become ``word``."""
    return min(words, key=lambda each: _edits(word.lower(), each.lower()))


def near(word: str, words: "list | tuple") -> "str | None":
    """The nearest of ``words``, if ``word`` is likely to be a slip of it: one edit, or one for every four letters."""
    found = nearest(word, words)
    return found if _edits(word.lower(), found.lower()) <= max(1, len(found) // 4) else None


def _edits(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, left in enumerate(one):
        above, row = row, [i + 1]
        for j, right in enumerate(other):
            row.append(min(above[j] + (left != right), above[j + 1] + 1, row[j] + 1))
    return row[-1]
