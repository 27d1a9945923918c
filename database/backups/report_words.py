"""What a restore did, or would do, in plain lines for operators."""

from database.backups.restore import RestoreReport
from database.backups.rights import NAMED_MAX


def restored_in_words(report: RestoreReport) -> list[str]:
    """Return the lines; they hold names from the file, to be printed with `visible`."""
    what = f"{report.documents} documents of {len(report.collections)} collections"
    of = f"from {report.written_from} at {report.written_at:%Y-%m-%d %H:%M:%S} UTC"
    if report.is_dry_run:
        over = ", over the half of it that is there" if report.was_half else ""
        return [f"sound: {what} would be restored into {report.database} ({of}){over}", *_rights(report)]
    lines = [f"{what} restored into {report.database} ({of})", *_rights(report)]
    lines += [f"{name}: {count} stood there twice, the later kept" for name, count in report.replaced.items()]
    if report.paused_broadcasts:
        lines.append(f"{report.paused_broadcasts} broadcasts were due: they are paused, resume them in the admin bot")
    if report.erased_again:
        lines.append(f"{report.erased_again} subscribers had asked to be deleted since: they are deleted again")
    if report.keys:
        lines.append(f"written into DATA_DIR: {', '.join(report.keys)}")
    lines += [f"DATA_DIR has another {name} than the backup: it was left as it is" for name in report.other_keys]
    return lines


def _rights(report: RestoreReport) -> list[str]:
    lines = []
    if report.unsigned is not None:
        lines.append("nobody vouches for this file: the key of this DATA_DIR has not signed it")
    verb = "would be" if report.is_dry_run else "is"
    if report.left_out:
        names = ", ".join(f"{name} ({count})" for name, count in report.left_out.items())
        lines.append(f"left out, since it grants rights or says where things go: {names}; --with-rights restores it")
    is_in = "not restored" if "admins" in report.left_out else f"{verb} in the team"
    lines += [f"{is_in}: {name}" for name in report.team]
    if report.team_count > NAMED_MAX:
        lines.append(f"{is_in}: {report.team_count - NAMED_MAX} more")
    for name, count in report.lost_secrets.items():
        lines.append(f"{name}: {count} passwords are missing, the backup_key that encrypted them is not in DATA_DIR")
    return lines
