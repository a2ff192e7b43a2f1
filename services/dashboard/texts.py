"""What the pages say, in English and Japanese: one catalogue a language, with the same keys in each."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

ENGLISH: Final[Mapping[str, str]] = {
    "site": "Mitodoke",
    "tagline": "chain of custody of drives",
    "skip": "Skip to the content",
    "other_language": "日本語",
    "search": "Serial number",
    "search_hint": "as on the label",
    "search_go": "Look up",
    "fresh": "Read through {time} UTC, {ago} ago",
    "stale": "Not up to date: read through {time} UTC, {ago} ago",
    "unread": "Nothing has been read yet",
    "unreachable": "The read model cannot be reached",
    "ago_seconds": "{n} s",
    "ago_minutes": "{n} min",
    "ago_hours": "{n} h",
    "ago_days": "{n} days",
    "triage": "Open flags",
    "triage_past": "Flags open at the end of {date} ({zone})",
    "triage_total": "{total} in all",
    "triage_more": "more than {total}",
    "triage_shown": "{first}–{last} of {total}",
    "triage_shown_more": "{first}–{last} of more than {total}",
    "triage_order": "The gravest first, then the oldest",
    "triage_none": "No flag is open that fits these filters.",
    "triage_none_at_all": "No flag is open.",
    "filters": "Filters",
    "filter_contract": "Contract",
    "filter_kind": "Kind",
    "filter_severity": "Severity",
    "filter_as_of": "As of the end of",
    "all": "all",
    "severity_from_warning": "all",
    "severity_from_major": "major and critical",
    "severity_from_critical": "critical only",
    "apply": "Show",
    "clear": "Clear filters",
    "pages": "Pages",
    "first_page": "First page",
    "next_page": "Next page",
    "severity": "Severity",
    "flag": "Flag",
    "drive": "Drive",
    "contract": "Contract",
    "party": "Party",
    "since": "Since",
    "age": "Days",
    "what": "What is wrong",
    "owner": "Owner",
    "holder": "Holder",
    "holder_since": "since {time}",
    "holder_unknown": "not known",
    "nobody": "nobody",
    "contracts": "Contracts",
    "contract_unknown": "not registered",
    "destroyed": "Reported destroyed",
    "yes": "yes",
    "no": "no",
    "drive_title": "Drive {serial}",
    "parked": "A fact of this drive cannot be read, and later ones wait behind it. What is shown here may be out of "
    "date: treat the drive as not accounted for.",
    "flags": "Flags",
    "flags_none": "No flag was ever raised on this drive.",
    "flags_caption": "Everything that was ever wrong with this drive, open flags first",
    "state": "State",
    "life": "Its life",
    "raised": "raised",
    "obligations": "Expected and actual",
    "obligations_none": "This drive is owed nothing by a policy.",
    "obligations_caption": "What must follow what, by when, and when it did",
    "obligation": "Obligation",
    "expected": "Expected",
    "expected_after": "{expect} after {after}",
    "owed_by": "Owed by",
    "due": "Due",
    "met": "Known",
    "not_yet": "not yet",
    "days_late": "{n} days late",
    "days_left": "{n} days left",
    "timeline": "Timeline",
    "timeline_caption": "Facts in the order in which they are said to have happened",
    "occurred": "Happened",
    "fact": "Fact",
    "reported_by": "Reported by",
    "recorded": "Recorded",
    "marks": "Marks",
    "backfilled": "imported history",
    "retracted": "taken back",
    "times_in": "Times are local to each contract: {zones}",
    "state_open": "open",
    "state_acknowledged": "acknowledged",
    "state_resolved": "resolved",
    "state_pending": "pending",
    "state_met": "met",
    "state_met_late": "met late",
    "state_overdue": "overdue",
    "resolution_met_late": "met late",
    "resolution_corrected": "corrected",
    "resolution_waived": "waived",
    "severity_warning": "warning",
    "severity_major": "major",
    "severity_critical": "critical",
    "error_no_serial": "Nothing to look up",
    "error_no_serial_text": "Type the serial number that is on the drive's label, as it stands there.",
    "error_serial": "This is no drive's serial number",
    "error_serial_text": "{sentence}.",
    "error_unknown": "No drive {serial} is known",
    "error_unknown_text": "No fact about a drive of this number has been recorded.",
    "error_unknown_try_1": "Compare it with the label again: 0 and O, 1 and I, 5 and S, 8 and B are easily taken for "
    "each other.",
    "error_unknown_try_2": "A label may carry other numbers: a part number, a model, a WWN. The serial number follows "
    "“S/N” or “SER NO”.",
    "error_unknown_try_3": "A fact that was reported a moment ago is seen once it has been read; the line at the foot "
    "of the page says how far that is.",
    "error_try": "What to try",
    "error_filter": "This filter cannot be read",
    "error_as_of": "“{value}” is not a past day. Write it as 2019-06-23.",
    "error_severity": "“{value}” is no severity. There are warning, major and critical.",
    "error_page": "This link to a page of the list is damaged. Start from the first page.",
    "error_unreachable": "The read model cannot be reached",
    "error_unreachable_text": "The pages are made from PostgreSQL, which does not answer or has no tables yet. Facts "
    "are still recorded meanwhile: nothing is lost. Load the page again in a moment; if it stays so, the operator "
    "finds the reason in the log of the dashboard.",
    "error_missing": "There is no such page",
    "error_missing_text": "The address may be mistyped. The list of open flags and the search are above.",
    "error_fault": "A fault of these pages",
    "error_fault_text": "It is in the log of the dashboard. The facts and flags are not touched by it.",
    "error_other": "This cannot be answered",
}

JAPANESE: Final[Mapping[str, str]] = {
    "site": "見届け",
    "tagline": "記憶装置の管理の連鎖",
    "skip": "本文へ",
    "other_language": "English",
    "search": "シリアル番号",
    "search_hint": "ラベルのとおりに",
    "search_go": "調べる",
    "fresh": "{time} UTC まで読み込み済み（{ago}前）",
    "stale": "最新ではありません：{time} UTC まで読み込み済み（{ago}前）",
    "unread": "まだ何も読み込まれていません",
    "unreachable": "参照データベースに接続できません",
    "ago_seconds": "{n} 秒",
    "ago_minutes": "{n} 分",
    "ago_hours": "{n} 時間",
    "ago_days": "{n} 日",
    "triage": "未解決の警告",
    "triage_past": "{date} 終了時点（{zone}）で未解決だった警告",
    "triage_total": "全 {total} 件",
    "triage_more": "{total} 件超",
    "triage_shown": "全 {total} 件中 {first}–{last} 件目",
    "triage_shown_more": "{total} 件を超えるうち {first}–{last} 件目",
    "triage_order": "重大なもの、古いものから順に",
    "triage_none": "この条件に合う未解決の警告はありません。",
    "triage_none_at_all": "未解決の警告はありません。",
    "filters": "絞り込み",
    "filter_contract": "契約",
    "filter_kind": "種類",
    "filter_severity": "重大度",
    "filter_as_of": "基準日（その日の終わり）",
    "all": "すべて",
    "severity_from_warning": "すべて",
    "severity_from_major": "重大以上",
    "severity_from_critical": "緊急のみ",
    "apply": "表示",
    "clear": "条件を消す",
    "pages": "ページ",
    "first_page": "最初のページ",
    "next_page": "次のページ",
    "severity": "重大度",
    "flag": "警告",
    "drive": "ドライブ",
    "contract": "契約",
    "party": "当事者",
    "since": "発生日",
    "age": "日数",
    "what": "内容",
    "owner": "所有者",
    "holder": "現在の保管者",
    "holder_since": "{time} から",
    "holder_unknown": "不明",
    "nobody": "なし",
    "contracts": "契約",
    "contract_unknown": "未登録",
    "destroyed": "破壊の報告",
    "yes": "あり",
    "no": "なし",
    "drive_title": "ドライブ {serial}",
    "parked": "このドライブについて読み取れない記録があり、以後の記録はその後ろで待っています。"
    "ここに表示されている内容は最新でないおそれがあります。所在未確認として扱ってください。",
    "flags": "警告",
    "flags_none": "このドライブに警告が出たことはありません。",
    "flags_caption": "このドライブに出たすべての警告（未解決のものから）",
    "state": "状態",
    "life": "経過",
    "raised": "発生",
    "obligations": "予定と実績",
    "obligations_none": "このドライブについて規程上の義務はありません。",
    "obligations_caption": "何のあとに何が、いつまでに必要で、いつ行われたか",
    "obligation": "義務",
    "expected": "必要なこと",
    "expected_after": "{after}のあとの{expect}",
    "owed_by": "義務者",
    "due": "期限",
    "met": "確認",
    "not_yet": "未了",
    "days_late": "{n} 日超過",
    "days_left": "残り {n} 日",
    "timeline": "経過の記録",
    "timeline_caption": "報告された発生時刻の順",
    "occurred": "発生",
    "fact": "事実",
    "reported_by": "報告者",
    "recorded": "記録",
    "marks": "注記",
    "backfilled": "過去分の取り込み",
    "retracted": "取り消し済み",
    "times_in": "時刻は契約ごとの現地時刻です：{zones}",
    "state_open": "未解決",
    "state_acknowledged": "対応中",
    "state_resolved": "解決済み",
    "state_pending": "期限前",
    "state_met": "完了",
    "state_met_late": "遅れて完了",
    "state_overdue": "期限超過",
    "resolution_met_late": "遅れて完了",
    "resolution_corrected": "訂正",
    "resolution_waived": "免除",
    "severity_warning": "注意",
    "severity_major": "重大",
    "severity_critical": "緊急",
    "error_no_serial": "シリアル番号が入力されていません",
    "error_no_serial_text": "ドライブのラベルにあるシリアル番号を、そのまま入力してください。",
    "error_serial": "シリアル番号として読めません",
    "error_serial_text": "「{value}」は仮の値であるか、シリアル番号に使われない文字を含むか、長すぎます。"
    "英数字と . _ / + - の 64 文字までを読み取れます。ラベルをもう一度確かめてください。",
    "error_unknown": "ドライブ {serial} は記録にありません",
    "error_unknown_text": "この番号のドライブについて記録された事実はありません。",
    "error_unknown_try_1": "ラベルともう一度見比べてください。0 と O、1 と I、5 と S、8 と B は間違えやすい文字です。",
    "error_unknown_try_2": "ラベルには型番や部品番号、WWN も書かれています。"
    "シリアル番号は「S/N」や「SER NO」のあとにあります。",
    "error_unknown_try_3": "報告されたばかりの事実は、読み込まれるまで表示されません。"
    "どこまで読み込まれたかはページの下にあります。",
    "error_try": "確かめること",
    "error_filter": "絞り込みの条件が読めません",
    "error_as_of": "「{value}」は過去の日付ではありません。2019-06-23 のように書いてください。",
    "error_severity": "「{value}」という重大度はありません。warning、major、critical のいずれかです。",
    "error_page": "ページへのリンクが壊れています。最初のページから見てください。",
    "error_unreachable": "参照データベースに接続できません",
    "error_unreachable_text": "ページは PostgreSQL から作られますが、応答がないか、表がまだありません。"
    "その間も事実は記録され、失われません。少し待って再読み込みしてください。"
    "続くようなら、理由は dashboard のログにあります。",
    "error_missing": "ページがありません",
    "error_missing_text": "アドレスが間違っているかもしれません。未解決の警告と検索は上にあります。",
    "error_fault": "このページの不具合です",
    "error_fault_text": "内容は dashboard のログにあります。事実と警告には影響ありません。",
    "error_other": "応答できません",
}

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "ja": JAPANESE}

_LABELS_JA: Final[Mapping[str, str]] = {
    # Kinds of fact
    "DriveEnrolled": "登録",
    "LeaseExtended": "賃貸借の延長",
    "LeaseEnded": "賃貸借の終了",
    "DriveReleased": "引き渡し",
    "DriveRemoved": "取り外し",
    "DriveReturned": "返却",
    "DriveInitialised": "初期化（消去ではない）",
    "DriveWiped": "データ消去",
    "WipeVerified": "消去の検証",
    "DriveDispatched": "発送",
    "CustodyTransferred": "受け渡し",
    "DriveDelivered": "到着",
    "DriveDestroyed": "物理破壊",
    "CertificateIssued": "証明書の発行",
    "CertificateAccepted": "証明書の受理",
    "DriveSighted": "発見",
    "DriveLost": "紛失",
    "DriveRecovered": "回収",
    "ExportApproved": "持ち出しの承認",
    "DataExported": "データの持ち出し",
    "IncidentReported": "事故の報告",
    "FactRetracted": "事実の取り消し",
    "FlagAcknowledged": "警告への対応",
    "FlagWaived": "警告の免除",
    # Kinds of flag
    "overdue": "期限超過",
    "unknown_drive": "未登録のドライブ",
    "unknown_contract": "未登録の契約",
    "unapproved_party": "承認されていない当事者",
    "not_on_manifest": "送り状にない",
    "missing_at_close": "締め切り時に未着",
    "not_received": "受領のない破壊",
    "skipped_step": "手順の省略",
    "weak_method": "消去方法が不十分",
    "not_sanitised": "消去前の引き渡し",
    "wipe_rejected": "消去の不合格",
    "not_witnessed": "立ち会いなし",
    "wrong_place": "場所の違い",
    "same_person": "同一人物による実施",
    "seal_mismatch": "封印の不一致",
    "understaffed_transit": "輸送人員の不足",
    "evidence_missing": "証拠の欠落",
    "custody_gap": "管理の空白",
    "not_the_holder": "保管者でない者の報告",
    "activity_after_destruction": "破壊後の動き",
    "sighted": "外部での発見",
    "lost": "紛失",
    "unapproved_export": "無承認の持ち出し",
    "conflicting_facts": "矛盾する事実",
    "certificate_without_destruction": "破壊の報告がない証明書",
    "off_hours": "時間外の作業",
    "late_report": "報告の遅れ",
    "suspect_serial": "疑わしい番号",
    "alive_twice": "二つの契約での登録",
    # Obligations as policies commonly name them
    "return": "返却",
    "arrival": "到着",
    "destruction": "破壊",
    "certificate": "証明書",
    # Roles
    "owner": "所有者",
    "lessor": "賃貸人",
    "sanitiser": "消去業者",
    "carrier": "運送業者",
    "destroyer": "破壊業者",
    # Fields of facts
    "authority": "機関",
    "attended_by": "立会者",
    "capacity_bytes": "容量（バイト）",
    "carrier_party_id": "運送業者",
    "certificate_id": "証明書番号",
    "crew": "乗務員",
    "data_class": "データ区分",
    "description": "説明",
    "enclosure": "筐体",
    "event_id": "対象の事実",
    "evidence": "証拠",
    "flag_id": "対象の警告",
    "from_party_id": "渡した者",
    "lot_id": "ロット",
    "media_type": "媒体",
    "method": "方法",
    "particle_size_mm": "粒径（mm）",
    "place": "場所",
    "reason": "理由",
    "recovered_from": "回収元",
    "result": "結果",
    "seal_id": "封印",
    "seal_id_found": "到着時の封印",
    "seen_by": "発見者",
    "shipment_id": "輸送番号",
    "to_party_id": "受け取る者",
    "tool": "道具",
    "until": "期日",
    "witness": "立会人",
    "witness_party_id": "立会者の所属",
}

_SENTENCES_JA: Final[Mapping[str, str]] = {
    "overdue": "期限までに「{subject}」がありませんでした（義務者：{party}）。",
    "unknown_drive": "契約に登録されていないドライブについて {party} が報告しました。",
    "unknown_contract": "登録されていない契約について {party} が報告しました。",
    "unapproved_party": "契約で承認されていない {party} が関わりました。",
    "not_on_manifest": "{party} が受け取りましたが、送り状に載っていません。",
    "missing_at_close": "{party} が送り出しましたが、受取側が「これで全部」と報告した時点で届いていません。",
    "not_received": "{party} が破壊を報告しましたが、発送後に受け取った報告がありません。",
    "skipped_step": "{party} の報告の前に必要な手順がありません。",
    "not_sanitised": "データを読めなくする前に {party} が引き渡しを報告しました。",
    "not_witnessed": "{party} の報告した破壊に、定められた立ち会いがありません。",
    "activity_after_destruction": "破壊されたはずのドライブについて {party} が報告しました。",
    "sighted": "あるべきでない場所で見つかったと {party} が報告しました。",
    "certificate_without_destruction": "破壊の報告がないのに {party} が証明書について報告しました。",
    "suspect_serial": "ドライブ自体の番号ではないようです。ラベルを確かめてください。",
    "alive_twice": "別の契約でまだ終わっていないドライブを {party} が登録しました。",
    "custody_gap": "受け渡しについて、渡した側と受け取った側の報告がそろいません（報告者：{party}）。",
    "not_the_holder": "ほかの当事者が保管しているはずのドライブを {party} が引き渡し、または処分しました。",
    "weak_method": "{party} の方法では、媒体や情報の区分に対して定められた水準に達しません。",
    "wipe_rejected": "消去の検証が不合格でした。データはまだ残っています（報告者：{party}）。",
    "same_person": "別の人が行うべきことを同じ人が行いました（報告者：{party}）。",
    "wrong_place": "定められた場所で破壊されていません（報告者：{party}）。",
    "understaffed_transit": "定められた人数より少ない人数で {party} が輸送しました。",
    "seal_mismatch": "封印がない、または出発時の封印と一致しません（報告者：{party}）。",
    "evidence_missing": "{party} の報告に、定められた証拠が添えられていません。",
    "late_report": "{party} の報告が、定められた期間より遅れて届きました。",
    "off_hours": "定められた作業時間の外にドライブが動かされました（報告者：{party}）。",
    "lost": "ドライブの紛失を {party} が報告しました。",
    "conflicting_facts": "同じことについての報告が食い違っています（報告者：{party}）。",
    "unapproved_export": "所有者の承認がないまま、媒体へデータが書き出されました（報告者：{party}）。",
}


def text(language: str, key: str, **values: object) -> str:
    """The text of that key. Raises KeyError for a key that the catalogue lacks."""
    return TEXTS[language][key].format(**values)


def label(language: str, word: str) -> str:
    """The word of the domain (a kind, a role, an obligation, a field) for people to read."""
    if language == "ja" and word in _LABELS_JA:
        return _LABELS_JA[word]
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in word).strip()
    return spaced.removesuffix("_id").replace("_", " ")


def subject_label(language: str, subject: str) -> str:
    """The obligation that a breach is about, with its shipment: `arrival/S-1` is arrival, S-1."""
    obligation, _, shipment = subject.partition("/")
    return f"{label(language, obligation)}, {shipment}" if shipment else label(language, obligation)


def sentence_in_japanese(kind: str, subject: str, party: str) -> str | None:
    """What a flag says, in Japanese; None for a kind that has no sentence, which then speaks English."""
    wording = _SENTENCES_JA.get(kind)
    if wording is None:
        return None
    return wording.format(subject=subject_label("ja", subject), party=party or "不明な者")


def ago(language: str, elapsed: timedelta) -> str:
    """A span of time in its one fitting unit."""
    seconds = max(0, int(elapsed.total_seconds()))
    for unit, size, limit in (("seconds", 1, 120), ("minutes", 60, 120), ("hours", 3600, 48)):
        if seconds < size * limit:
            return text(language, f"ago_{unit}", n=seconds // size)
    return text(language, "ago_days", n=seconds // 86400)


def chosen_language(asked_for: str | None, accept_language: str) -> str:
    """`?lang=` if it names a language there is, else the first of Accept-Language that there is, else English."""
    if asked_for is not None and asked_for in TEXTS:
        return asked_for
    for tag in _by_preference(accept_language):
        if tag in TEXTS:
            return tag
    return "en"


def _by_preference(accept_language: str) -> Sequence[str]:
    weighed = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:
            weighed.append((-weight, position, tag.strip().lower().partition("-")[0]))
    return [tag for _, _, tag in sorted(weighed)]
