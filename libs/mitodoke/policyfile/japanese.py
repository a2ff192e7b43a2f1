"""What a policy asks, in Japanese sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from mitodoke.lifecycle.durations import Anchor, Duration, Unit
from mitodoke.lifecycle.kinds import NAMES_A_LOT, FactKind, Role
from mitodoke.lifecycle.media_levels import GREATEST_AREA
from mitodoke.lifecycle.policy import (
    WEEKDAYS,
    DestructionMethod,
    Obligation,
    Per,
    Person,
    Policy,
    Rules,
    SanitisationLevel,
    Severity,
    Site,
    Weekday,
)

HEADINGS: Final = {"time": "期間と時刻", "obligations": "義務", "rules": "報告が満たすべき規則"}
NO_OBLIGATIONS: Final = "この規程は、期限のある義務を定めていません。"
NO_RULES: Final = "この規程は、報告が満たすべき規則を定めていません。"

_EVENT: Final = {
    FactKind.DRIVE_ENROLLED: "ドライブの登録",
    FactKind.LEASE_EXTENDED: "賃貸借の延長",
    FactKind.LEASE_ENDED: "賃貸借の終了",
    FactKind.DRIVE_RELEASED: "所有者からの引き渡し",
    FactKind.DRIVE_REMOVED: "筐体からの取り外し",
    FactKind.DRIVE_RETURNED: "ドライブの返却",
    FactKind.DRIVE_INITIALISED: "ドライブの初期化",
    FactKind.DRIVE_WIPED: "データの消去",
    FactKind.WIPE_VERIFIED: "消去の検証",
    FactKind.DRIVE_DISPATCHED: "ドライブの発送",
    FactKind.CUSTODY_TRANSFERRED: "ドライブの受け渡し",
    FactKind.DRIVE_DELIVERED: "ドライブの到着",
    FactKind.DRIVE_DESTROYED: "ドライブの物理破壊",
    FactKind.CERTIFICATE_ISSUED: "破壊証明書の発行",
    FactKind.CERTIFICATE_ACCEPTED: "所有者による破壊証明書の受理",
    FactKind.DRIVE_SIGHTED: "あるべきでない場所でのドライブの発見",
    FactKind.DRIVE_LOST: "ドライブの紛失",
    FactKind.DRIVE_RECOVERED: "ドライブの回収",
    FactKind.EXPORT_APPROVED: "持ち出しの承認",
    FactKind.DATA_EXPORTED: "媒体へのデータの書き出し",
    FactKind.INCIDENT_REPORTED: "事故の報告",
    FactKind.FACT_RETRACTED: "報告の撤回",
    FactKind.FLAG_ACKNOWLEDGED: "警告の確認",
    FactKind.FLAG_WAIVED: "警告の免除",
}
_MUST: Final = {
    FactKind.DRIVE_ENROLLED: "ドライブを登録し",
    FactKind.LEASE_EXTENDED: "賃貸借を延長し",
    FactKind.LEASE_ENDED: "賃貸借を終了し",
    FactKind.DRIVE_RELEASED: "ドライブを所有者から引き渡さ",
    FactKind.DRIVE_REMOVED: "ドライブを筐体から取り外さ",
    FactKind.DRIVE_RETURNED: "ドライブが返却され、受け取りが確認され",
    FactKind.DRIVE_INITIALISED: "ドライブを初期化し",
    FactKind.DRIVE_WIPED: "データを消去し、その成功を確認し",
    FactKind.WIPE_VERIFIED: "消去を検証し、合格とし",
    FactKind.DRIVE_DISPATCHED: "ドライブを発送し",
    FactKind.CUSTODY_TRANSFERRED: "ドライブを受け渡さ",
    FactKind.DRIVE_DELIVERED: "ドライブが到着し",
    FactKind.DRIVE_DESTROYED: "ドライブを物理的に破壊し",
    FactKind.CERTIFICATE_ISSUED: "破壊証明書を発行し",
    FactKind.CERTIFICATE_ACCEPTED: "所有者が破壊証明書を受理してい",
    FactKind.DRIVE_SIGHTED: "ドライブの所在を確認し",
    FactKind.DRIVE_LOST: "紛失を届け出",
    FactKind.DRIVE_RECOVERED: "ドライブを回収し",
    FactKind.EXPORT_APPROVED: "持ち出しが承認され",
    FactKind.DATA_EXPORTED: "データを書き出さ",
    FactKind.INCIDENT_REPORTED: "事故を報告し",
}
_REPORT: Final = {
    "to_owner": "事故を所有者に報告し",
    "preliminary": "事故の速報を提出し",
    "final": "事故の確報を提出し",
}
_UNITS: Final = {
    Unit.SECOND: "秒",
    Unit.MINUTE: "分",
    Unit.HOUR: "時間",
    Unit.DAY: "日",
    Unit.MONTH: "か月",
    Unit.BUSINESS_DAY: "営業日",
}
_ANCHORS: Final = {
    Anchor.ETA: "発送時に示された到着予定時刻",
    Anchor.RETURN_BY: "承認で定められた返却時刻",
}
_ROLES: Final = {
    Role.OWNER: "所有者",
    Role.LESSOR: "賃貸人",
    Role.SANITISER: "消去業者",
    Role.CARRIER: "運送業者",
    Role.DESTROYER: "破壊業者",
}
_SEVERITIES: Final = {Severity.WARNING: "注意", Severity.MAJOR: "重大", Severity.CRITICAL: "緊急"}
_SITES: Final = {
    Site.OWNER: "所有者の施設",
    Site.LESSOR: "賃貸人の施設",
    Site.SANITISER: "消去業者の施設",
    Site.CARRIER: "運送業者の施設",
    Site.DESTROYER: "破壊業者の施設",
}
_PEOPLE: Final = {Person.OPERATOR: "作業者", Person.WITNESS: "立会人", Person.VERIFIER: "検証者"}
_MEDIA: Final = {
    "hdd": "ハードディスク",
    "flash": "フラッシュメモリー（SSD・USBメモリー）",
    "ssd": "SSD",
    "usb_flash": "USBメモリー",
    "tape": "磁気テープ",
    "optical": "光ディスク",
}
_METHODS: Final = {
    DestructionMethod.SHRED: "細断",
    DestructionMethod.CRUSH: "圧壊",
    DestructionMethod.MELT: "溶解",
    DestructionMethod.DISINTEGRATE: "粉砕",
    DestructionMethod.INCINERATE: "焼却",
}
_LEVELS: Final = {
    SanitisationLevel.CLEAR: "Clear（消去）",
    SanitisationLevel.PURGE: "Purge（除去）",
    SanitisationLevel.DESTROY: "Destroy（破壊）",
}
_DAYS: Final = {
    Weekday.MONDAY: "月",
    Weekday.TUESDAY: "火",
    Weekday.WEDNESDAY: "水",
    Weekday.THURSDAY: "木",
    Weekday.FRIDAY: "金",
    Weekday.SATURDAY: "土",
    Weekday.SUNDAY: "日",
}


def title(policy: Policy) -> str:
    """The heading of the page."""
    return f"{policy.id} 第{policy.version}版"


def time_zone(policy: Policy) -> str:
    """Where its days begin and end."""
    return (
        f"日付と時刻は {policy.timezone.key} の時間帯によります。日、営業日または月で定めた期間は翌日から起算し、"
        "末日の終わりに満了します。時間、分または秒で定めた期間は直ちに起算します。"
    )


def calendar(policy: Policy) -> str:
    """Which days are business days."""
    if policy.calendar == WEEKDAYS:
        return "営業日は月曜日から金曜日までです。祝日は考慮しません。"
    return f"営業日は、週末および {policy.calendar} の暦による祝日を除く日です。"


def grace(policy: Policy) -> str:
    """How long a timely fact may take to become known."""
    if not policy.reporting_grace:
        return "期限内に行われたことは、期限までに報告もされていなければなりません。"
    return (
        f"期限内に行われたことは、期限から{length(policy.reporting_grace)}以内に報告されなければなりません。"
        "報告がなければ、期限の時点からの違反とします。"
    )


def obligation(one: Obligation) -> str:
    """One obligation, with who answers for it and how grave its breach is."""
    load = ""
    if one.per is Per.SHIPMENT:
        load = "ロットごとに、" if one.after in NAMES_A_LOT else "輸送ごとに、"
    must = _REPORT.get(one.report) or _MUST.get(one.expect, f"{one.expect} を報告し")
    if one.within.anchor is Anchor.FACT:
        asked = f"{_EVENT[one.after]}から{_amount(one.within)}以内に、{must}なければなりません"
    else:
        asked = f"{_EVENT[one.after]}のあと、{_by(one.within)}に、{must}なければなりません"
    grave = f"違反の重大度は「{_SEVERITIES[one.severity]}」"
    for step in one.escalate:
        grave += f"、期限を{_amount(step.after)}超過すると「{_SEVERITIES[step.severity]}」"
    return f"{load}{asked}。{_ROLES[one.owed_by]}がその責任を負います。{grave}です。"


def rule(key: str, rules: Rules) -> list[str]:
    """The sentences of one rule, by its key in a policy; none where it asks for nothing."""
    return _RULES[key](rules)


def length(elapsed: timedelta) -> str:
    """An elapsed time."""
    seconds = elapsed // timedelta(seconds=1)
    for unit, size in ((Unit.HOUR, 3600), (Unit.MINUTE, 60)):
        if seconds % size == 0:
            return f"{seconds // size}{_UNITS[unit]}"
    return f"{seconds}{_UNITS[Unit.SECOND]}"


def _by(within: Duration) -> str:
    anchor = _ANCHORS[within.anchor]
    if within.amount == 0:
        return f"{anchor}まで"
    if within.amount < 0:
        return f"{anchor}の{_amount(within)}前まで"
    return f"{anchor}から{_amount(within)}以内"


def _amount(within: Duration) -> str:
    return f"{abs(within.amount)}{_UNITS[within.unit]}"


def _sanitise(rules: Rules) -> list[str]:
    if not rules.sanitise_before_release:
        return []
    return [
        "データを読み取れない状態にするまで、ドライブを所有者のもとから出してはなりません。初期化は消去とみなしません。"
    ]


def _steps(rules: Rules) -> list[str]:
    if not rules.steps:
        return []
    return [
        f"次の手順は、この順に、一つも省かずに行います：{'、'.join(_EVENT[step] for step in rules.steps)}。"
    ]


def _minimum_method(rules: Rules) -> list[str]:
    return [
        f"{_MEDIA.get(of, f'区分「{of}」のデータを保存した媒体')}は、NIST SP 800-88 の "
        f"{_LEVELS[level]}以上の水準で処理します。"
        for of, level in rules.minimum_method.items()
    ]


def _destruction(rules: Rules) -> list[str]:
    rule = rules.destruction
    if rule is None:
        return []
    sentences = []
    if rule.methods:
        ways = "、".join(_METHODS[method] for method in rule.methods)
        any_of = "のいずれかの方法に限り" if len(rule.methods) > 1 else "に限り"
        sentences.append(f"ドライブの破壊は、{ways}{any_of}ます。")
    if rule.witness is not None:
        sentences.append(f"破壊には、{_ROLES[rule.witness]}の側の担当者が必ず立ち会います。")
    if rule.before_leaving is not None:
        sentences.append(f"ドライブは、{_SITES[rule.before_leaving]}から出る前に破壊します。")
    for medium, level in rule.particle.items():
        area = GREATEST_AREA[level]
        size = (
            "この等級に破片の大きさの定めはありません"
            if area is None
            else f"破片は {area:g} mm² 以下とします"
        )
        sentences.append(
            f"{_MEDIA[medium]}は、ISO/IEC 21964 のセキュリティ等級 {level} またはより細かい等級まで破壊します。{size}。"
        )
    return sentences


def _transit(rules: Rules) -> list[str]:
    rule = rules.transit
    if rule is None:
        return []
    sentences = ["ドライブは封印して輸送します。"] if rule.seal_required else []
    if rule.crew is not None:
        sentences.append(f"輸送には {rule.crew} 人以上が同行します。")
    return sentences


def _separate_people(rules: Rules) -> list[str]:
    return [
        f"{_PEOPLE[one]}と{_PEOPLE[other]}は別の者でなければなりません。"
        for one, other in rules.separate_people
    ]


def _evidence(rules: Rules) -> list[str]:
    return [
        f"{_EVENT[kind]}の報告には、次の証拠を添えます：{'、'.join(purposes)}。"
        for kind, purposes in rules.evidence.items()
        if purposes
    ]


def _working_hours(rules: Rules) -> list[str]:
    hours = rules.working_hours
    if hours is None:
        return []
    days = "・".join(_DAYS[day] for day in hours.days)
    holidays = "祝日を含みます" if hours.on_public_holidays else "祝日を除きます"
    return [
        f"ドライブの移動は、{days}曜日の {hours.opens:%H:%M} から {hours.closes:%H:%M} までに限ります（{holidays}）。"
    ]


def _late_report(rules: Rules) -> list[str]:
    if rules.late_report is None:
        return []
    return [f"起きたことは、{length(rules.late_report)}以内に報告します。"]


def _custody(rules: Rules) -> list[str]:
    if rules.custody is None:
        return []
    return [
        f"受け渡しは、渡した側と受け取った側の双方が、{length(rules.custody.attest_within)}以内に報告します。"
    ]


def _export(rules: Rules) -> list[str]:
    if not rules.export_approval:
        return []
    return ["データを媒体で持ち出すには、事前に所有者の承認を得なければなりません。"]


def _waiver(rules: Rules) -> list[str]:
    return ["警告の免除には、二人による判断が必要です。"] if rules.waiver_second_person else []


_RULES: Final = {
    "sanitise_before_release": _sanitise,
    "steps": _steps,
    "minimum_method": _minimum_method,
    "destruction": _destruction,
    "transit": _transit,
    "separate_people": _separate_people,
    "evidence": _evidence,
    "working_hours": _working_hours,
    "late_report": _late_report,
    "custody": _custody,
    "export": _export,
    "waiver": _waiver,
}
