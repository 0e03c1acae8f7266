"""Looks after tasks that wait too long: marks them and writes to the people whose work they are."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio.exceptions import ApplicationError

from activities.definition import uninterrupted
from activities.providers.mail.protocol import Mail, MailRefused, MailTransport, MailUnclear
from activities.task_letters import render_tasks
from models.database import Database
from models.settings import Settings
from models.store.task_watch import Staff, mark_overdue, unsent_mails
from models.tables import StaffMail


class TaskWatch:
    """The activity that reminds and escalates.

    Args:
        database: where tasks are kept.
        transport: the way mails leave.
        settings: when a task escalates; the shop's name, address and time zone.
        staff: whose work each kind of task is.
    """

    def __init__(
        self, database: Database, transport: MailTransport, settings: Settings, staff: Staff
    ) -> None:
        self._database = database
        self._transport = transport
        self._settings = settings
        self._staff = staff
        self._time_zone = ZoneInfo(settings.time_zone)

    @uninterrupted
    def watch_tasks(self, at: str) -> int:
        """Marks what is overdue, and sends one mail per person; how many mails went.

        The mails are written with the marks and kept until they are sent, so that each task is
        told of once. A crash between sending and storing sends again, with the same Message-ID.

        Raises:
            ApplicationError: type `mail_unclear` (retryable): some were not taken, or nobody knows.
        """
        now = datetime.fromisoformat(at)
        self._write_mails(now)
        with self._database.read() as session:
            waiting = [self._mail(row, email) for row, email in unsent_mails(session)]
        sent, problem = 0, ""
        for mail in waiting:
            try:
                self._transport.send(mail)
            except MailUnclear as error:
                problem = str(error)
            except MailRefused as refusal:
                self._note(mail.key, now, str(refusal))
            else:
                self._note(mail.key, now)
                sent += 1
        if problem:
            raise ApplicationError(problem, type="mail_unclear")
        return sent

    def _write_mails(self, now: datetime) -> None:
        after = timedelta(seconds=self._settings.task_escalation)
        with self._database.write() as session:
            for user, told in mark_overdue(session, now, after, self._staff).items():
                words = render_tasks(
                    told,
                    shop_name=self._settings.shop_name,
                    web_url=self._settings.web_url,
                    time_zone=self._time_zone,
                )
                session.add(
                    StaffMail(
                        key=f"tasks/{user}/{now.isoformat()}",
                        user_id=user,
                        subject=words.subject,
                        text=words.text,
                        html=words.html,
                        written_at=now,
                    )
                )

    def _mail(self, row: StaffMail, email: str) -> Mail:
        return Mail(
            key=row.key,
            sender=self._settings.shop_email,
            sender_name=self._settings.shop_name,
            recipient=email,
            subject=row.subject,
            text=row.text,
            html=row.html,
            at=row.written_at,
        )

    def _note(self, key: str, at: datetime, problem: str | None = None) -> None:
        with self._database.write() as session:
            row = session.get_one(StaffMail, key)
            row.problem = problem
            row.sent_at = at if problem is None else None
