"""Queues and their messages: taken for a while, deleted by who took them last."""

from datetime import timedelta
from xml.sax.saxutils import escape

from local.in_process.exchange import Answer
from local.strict_store.call import Call, date, document, said
from local.strict_store.containers import check_name, xml
from local.strict_store.refusals import Refusal, require
from local.strict_store.state import Message, Queue

LONGEST_TEXT = 64 * 1024
LONGEST_LIFE = timedelta(days=7)
FOR_EVER = timedelta(days=36500)
MOST = 32


def create(call: Call) -> Answer:
    """204 where the same is there already."""
    check_name(call.container)
    there = call.account.queues.get(call.container)
    if there is not None:
        require(there.metadata == call.metadata, 409, "QueueAlreadyExists", "The specified queue already exists.")
        return said(204)
    call.account.number()
    call.account.queues[call.container] = Queue(call.metadata)
    return said(201)


def show(call: Call) -> Answer:
    queue = call.account.queue(call.container)
    alive(call, queue)
    return said(200, {"x-ms-approximate-messages-count": str(len(queue.messages))})


def delete(call: Call) -> Answer:
    call.account.queue(call.container)
    call.account.number()
    del call.account.queues[call.container]
    return said(204)


def send(call: Call) -> Answer:
    """Invisible for `visibilitytimeout` seconds first."""
    queue = call.account.queue(call.container)
    life = seconds(call, "messagettl", 7 * 86400)
    span = FOR_EVER if life == timedelta(seconds=-1) else life
    hidden = seconds(call, "visibilitytimeout", 0)
    fits = timedelta(0) <= hidden <= LONGEST_LIFE and hidden < span
    require(fits, 400, "OutOfRangeQueryParameterValue", "visibilitytimeout is 0 to 7 days, and less than messagettl.")
    number = call.account.number()
    text = text_of(call)
    message = Message(f"m-{number:012}", text, call.now, call.now + span, call.now + hidden, f"r-{number:012}")
    queue.messages[message.id] = message
    return document(shown([message], "MessageId InsertionTime ExpirationTime PopReceipt TimeNextVisible"), None, 201)


def take(call: Call) -> Answer:
    """Up to 32, invisible to others from now on for `visibilitytimeout` seconds; or only looked at."""
    queue = call.account.queue(call.container)
    wanted = int(call.query.get("numofmessages", "1"))
    require(1 <= wanted <= MOST, 400, "OutOfRangeQueryParameterValue", "numofmessages is 1 to 32.")
    due = [each for each in alive(call, queue) if each.visible <= call.now][:wanted]
    basic = "MessageId InsertionTime ExpirationTime DequeueCount MessageText"
    if call.query.get("peekonly") == "true":
        return document(shown(due, basic))
    hidden = seconds(call, "visibilitytimeout", 30)
    require(timedelta(seconds=1) <= hidden <= LONGEST_LIFE, 400, "OutOfRangeQueryParameterValue", "visibilitytimeout")
    for message in due:
        message.taken += 1
        message.visible, message.receipt = call.now + hidden, f"r-{call.account.number():012}"
    return document(shown(due, f"{basic} PopReceipt TimeNextVisible"))


def change(call: Call) -> Answer:
    """Another time to be visible, another text: with the receipt of the last time."""
    message = held(call)
    if call.body:
        message.text = text_of(call)
    message.visible = call.now + seconds(call, "visibilitytimeout", 0)
    message.receipt = f"r-{call.account.number():012}"
    return said(204, {"x-ms-popreceipt": message.receipt, "x-ms-time-next-visible": date(message.visible)})


def remove(call: Call) -> Answer:
    message = held(call)
    call.account.number()
    del call.account.queue(call.container).messages[message.id]
    return said(204)


def held(call: Call) -> Message:
    """The message that this receipt is for. Who took it before the last time has it no more."""
    queue = call.account.queue(call.container)
    alive(call, queue)
    message = queue.messages.get(call.blob.removeprefix("messages/"))
    if message is None:
        raise Refusal(404, "MessageNotFound", "The specified message does not exist.")
    good = call.query.get("popreceipt") == message.receipt
    require(good, 400, "PopReceiptMismatch", "The pop receipt is not that of the last time it was taken.")
    return message


def alive(call: Call, queue: Queue) -> list[Message]:
    """Without those whose time is over."""
    for message in [each for each in queue.messages.values() if each.expires <= call.now]:
        del queue.messages[message.id]
    return list(queue.messages.values())


def text_of(call: Call) -> str:
    text = xml(call.body).findtext("MessageText") or ""
    require(len(text.encode()) <= LONGEST_TEXT, 413, "RequestBodyTooLarge", "A message has 64 KiB at most.")
    return text


def seconds(call: Call, name: str, default: int) -> timedelta:
    given = call.query.get(name, str(default))
    require(given.removeprefix("-").isdigit(), 400, "InvalidQueryParameterValue", name)
    return timedelta(seconds=int(given))


def shown(messages: list[Message], fields: str) -> str:
    rows = "".join(f"<QueueMessage>{row(each, fields)}</QueueMessage>" for each in messages)
    return f"<QueueMessagesList>{rows}</QueueMessagesList>"


def row(message: Message, fields: str) -> str:
    values = {
        "MessageId": message.id,
        "InsertionTime": date(message.inserted),
        "ExpirationTime": date(message.expires),
        "PopReceipt": message.receipt,
        "TimeNextVisible": date(message.visible),
        "DequeueCount": str(message.taken),
        "MessageText": escape(message.text),
    }
    return "".join(f"<{name}>{values[name]}</{name}>" for name in fields.split())
