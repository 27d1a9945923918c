"""/jobs and its buttons."""

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.types import CallbackQuery, Message

from admin_bot.filters import is_button_of
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, toast
from admin_bot.system.jobs import JobService
from views.navigation import Open, Section
from views.system import jobs_texts as texts
from views.system.jobs_callbacks import JobAction, JobButton, JobList


async def jobs_command(message: Message, command: CommandObject, jobs: JobService) -> None:
    """Handle /jobs and /jobs NAME."""
    typed = (command.args or "").strip().lower()
    if typed in jobs.names:
        await jobs.present(message.chat.id, typed)
    elif typed:
        await message.answer(texts.unknown(typed, jobs.names))
    else:
        await answer(message, await jobs.list_screen())


async def show_list(query: CallbackQuery, callback_data: JobList | Open, jobs: JobService) -> None:
    screen = await jobs.list_screen(callback_data.page if isinstance(callback_data, JobList) else 0)
    await toast(query)
    await jobs.put(query, screen)


async def show_job(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    await jobs.show(query, callback_data.job)


async def run(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    toast_text = await jobs.run(query.from_user.id, callback_data.job)
    await jobs.show(query, callback_data.job, toast_text)


async def confirm_pause(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    status = await jobs.status(callback_data.job)
    if status.is_paused:
        await jobs.show(query, callback_data.job, texts.paused_before())
        return
    await toast(query)
    await jobs.put(query, texts.confirm_pause(status))


async def pause(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    toast_text = await jobs.pause(query.from_user.id, callback_data.job)
    await jobs.show(query, callback_data.job, toast_text)


async def resume(query: CallbackQuery, callback_data: JobButton, jobs: JobService) -> None:
    toast_text = await jobs.resume(query.from_user.id, callback_data.job)
    await jobs.show(query, callback_data.job, toast_text)


async def unknown_button(query: CallbackQuery, jobs: JobService) -> None:
    """Answer a forged button, or one of another version: the list takes its place."""
    screen = await jobs.list_screen()
    await toast(query, texts.gone())
    await jobs.put(query, screen)


async def is_known_job(_: CallbackQuery, callback_data: JobButton, jobs: JobService) -> bool:
    """Refuse names of no job: clients can forge callback data."""
    return callback_data.job in jobs.names


def build() -> Router:
    router = Router(name="admin jobs")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show_list, JobList.filter())
    router.callback_query.register(show_list, Open.filter(F.section == Section.JOBS))
    router.callback_query.register(show_job, JobButton.filter(F.act == JobAction.SHOW), is_known_job)
    router.callback_query.register(run, JobButton.filter(F.act == JobAction.RUN), is_known_job)
    router.callback_query.register(confirm_pause, JobButton.filter(F.act == JobAction.PAUSE), is_known_job)
    router.callback_query.register(pause, JobButton.filter(F.act == JobAction.PAUSE_CONFIRMED), is_known_job)
    router.callback_query.register(resume, JobButton.filter(F.act == JobAction.RESUME), is_known_job)
    router.callback_query.register(unknown_button, is_button_of(JobButton, JobList))
    return router
