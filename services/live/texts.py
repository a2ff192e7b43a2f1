"""What the page says, in English and Japanese: one catalogue a language, with the same keys in each."""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

ENGLISH: Final[Mapping[str, str]] = {
    "site": "Mitodoke",
    "title": "Calls of the last hour",
    "other_language": "日本語",
    "not_taken_up": "The counts have not been taken up yet: the event log is being read, or cannot be reached. "
    "Load the page again in a moment.",
    "as_of": "As of {time}.",
    "not_counting": "Not counting at the moment: the event log cannot be reached, or partitions are being shared out "
    "again.",
    "reloading": "This page loads itself again every {seconds} seconds.",
    "reload": "Load this page again every {seconds} seconds",
    "stay": "Stop loading it again",
    "caption": "Calls per partner in the last {minutes} minutes",
    "partner": "Partner",
    "calls": "Calls",
    "refused": "Refused",
    "unreadable": "Unreadable",
    "by_method": "By method",
    "last_seen": "Last seen",
    "caller_unknown": "caller not known",
    "nobody": "Nobody has called.",
    "explained": "Refused are the calls that were not answered OK. Unreadable are messages of the access log that are "
    "no call.",
}

JAPANESE: Final[Mapping[str, str]] = {
    "site": "見届け",
    "title": "直近 1 時間の呼び出し",
    "other_language": "English",
    "not_taken_up": "集計はまだ始まっていません。イベントログを読み込んでいるか、接続できない状態です。"
    "少し待って再読み込みしてください。",
    "as_of": "{time} 現在。",
    "not_counting": "現在は集計していません。イベントログに接続できないか、パーティションを割り当て直しています。",
    "reloading": "このページは {seconds} 秒ごとに再読み込みされます。",
    "reload": "{seconds} 秒ごとに再読み込みする",
    "stay": "自動の再読み込みをやめる",
    "caption": "直近 {minutes} 分間の相手先ごとの呼び出し",
    "partner": "相手先",
    "calls": "呼び出し",
    "refused": "拒否",
    "unreadable": "読み取り不能",
    "by_method": "メソッド別",
    "last_seen": "最終呼び出し",
    "caller_unknown": "呼び出し元不明",
    "nobody": "呼び出しはありません。",
    "explained": "「拒否」は OK 以外の応答を返した呼び出しです。"
    "「読み取り不能」は、呼び出しとして読み取れないアクセスログのメッセージです。",
}

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "ja": JAPANESE}


def text(language: str, key: str, **values: object) -> Markup:
    """The text of that key, as markup in which the values are escaped. Raises KeyError for a key that it lacks."""
    return Markup(TEXTS[language][key]).format(**values)
