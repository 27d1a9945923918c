"""/jobs, and the buttons of its screens."""

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast
from admin_bot.system.jobs import JobService
from views.system import jobs_keyboards as keyboards
from views.system import jobs_texts as texts
from views.system.jobs_callbacks import JobAction, JobButton, JobList


async def jobs_command(message: Message, command: CommandObject, jobs: JobService) -> None:
    """/jobs and /jobs NAME."""
    typed = (command.args or "").strip().lower()
    if typed in jobs.names:
        await jobs.present(message.chat.id, typed)
    elif typed:
        await message.answer(texts.unknown(typed, jobs.names))
    else:
        html, keyboard = await jobs.list_face()
        await message.answer(html, reply_markup=keyboard)


async def show_list(query: CallbackQuery, jobs: JobService) -> None:
    face = await jobs.list_face()
    await toast(query)
    await jobs.put(query, face)


async def show_job(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    await jobs.show(query, callback_data.job)


async def run(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    said = await jobs.run(query.from_user.id, callback_data.job)
    await jobs.show(query, callback_data.job, said)


async def ask_pause(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    status = await jobs.status(callback_data.job)
    if status.is_paused:
        await jobs.show(query, callback_data.job, texts.PAUSED_BEFORE)
        return
    await toast(query)
    await jobs.put(query, (texts.confirm_pause(status), keyboards.confirm_pause(status.name)))


async def pause(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    said = await jobs.pause(query.from_user.id, callback_data.job)
    await jobs.show(query, callback_data.job, said)


async def resume(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    said = await jobs.resume(query.from_user.id, callback_data.job)
    await jobs.show(query, callback_data.job, said)


async def is_of_jobs(query: CallbackQuery) -> bool:
    """A button that looks like one of these screens, whatever it carries."""
    return (query.data or "").startswith(tuple(f"{data.__prefix__}:" for data in (JobButton, JobList)))


async def unknown_button(query: CallbackQuery) -> None:
    """Forged, or of a version with other jobs."""
    await toast(query, texts.GONE)


def build() -> Router:
    router = Router(name="admin jobs")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show_list, JobList.filter())
    router.callback_query.register(show_job, JobButton.filter(F.act == JobAction.SHOW))
    router.callback_query.register(run, JobButton.filter(F.act == JobAction.RUN))
    router.callback_query.register(ask_pause, JobButton.filter(F.act == JobAction.PAUSE))
    router.callback_query.register(pause, JobButton.filter(F.act == JobAction.PAUSE_SURE))
    router.callback_query.register(resume, JobButton.filter(F.act == JobAction.RESUME))
    router.callback_query.register(unknown_button, is_of_jobs)
    return router
