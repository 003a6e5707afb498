"""What `evenhand up` shows once everything is ready: to people, and to programs."""

from typing import Any

from loadtest.blueprint import UNBOUNDED, StackOptions
from loadtest.stack import Stack

PAGE = """
Evenhand is up after {seconds:.1f} s.

{table}

Capacity is EMULATED (lab profile): each hash really runs, and holds its instance's one slot for
{hash_seconds:g} s. So on any machine each instance does {capacity:g} logins a second
and all of them {fleet:g}.
{lab}
Try a login ({users}, all with this password):
  curl -si {balancer}/v1/sessions \\
       -H 'Content-Type: application/json' \\
       -d '{{"login": "{user}", "password": "{password}"}}'

See what the balancer does, and change it:
  export EVENHAND_ADMIN_URL={admin} EVENHAND_ADMIN_TOKEN=$(cat {run_dir}/admin.token)
  evenhand top                        # live; q quits
  evenhand admin weight auth {first} 16
  evenhand admin --help
or with curl (-H @FILE keeps the token out of the command line):
  curl -s {admin}/table -H @{run_dir}/admin.header

See what fires:
  curl -s {monitor}/api/v1/alerts

Stop it with Ctrl-C here, or: kill {pid}"""


def for_people(stack: Stack, seconds: float, pid: int) -> str:
    """The page for the terminal. Its curl commands work when pasted."""
    options, urls = stack.options, stack.addresses
    return PAGE.format(
        seconds=seconds,
        table=_table(stack),
        hash_seconds=options.hash_seconds,
        capacity=options.capacity,
        fleet=options.capacity * options.instances,
        lab=_lab_notes(stack),
        users=f"{stack.users[0]} to {stack.users[-1]}",
        user=stack.users[0],
        first=options.names[0],
        password=stack.password,
        balancer=urls["balancer"],
        admin=urls["balancer admin"],
        monitor=urls["monitor"],
        run_dir=stack.run_dir,
        pid=pid,
    )


def for_programs(stack: Stack) -> dict[str, Any]:
    """The same as one JSON object. The admin token is named by its file, not shown."""
    options = stack.options
    return {
        "addresses": stack.addresses,
        "pids": stack.pids,
        "run_dir": str(stack.run_dir),
        "admin_token_file": str(stack.run_dir / "admin.token"),
        "postgres": stack.postgres_origin,
        "users": stack.users,
        "password": stack.password,
        "profile": "lab",
        "emulated": {
            "logins_per_second_per_instance": options.capacity,
            "hash_seconds": options.hash_seconds,
            "hash_queue": options.hash_queue,
            "abandoned": options.abandoned,
        },
        "fsync": options.fsync,
    }


def _table(stack: Stack) -> str:
    """Who listens where; each instance on one row with both its addresses."""
    urls, options = stack.addresses, stack.options
    rows = [
        ("balancer", urls["balancer"], "logins come in here"),
        ("  admin", urls["balancer admin"], "/config /table /audit /metrics"),
        ("monitor", urls["monitor"], "/api/v1/alerts /transitions"),
        *((name, urls[name], f"{urls[f'{name} private']}/metrics") for name in options.names),
        ("postgres", *_postgres(stack)),
        ("logs", str(stack.run_dir / "logs"), "kept" if options.keep else "gone when it stops"),
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)


def _postgres(stack: Stack) -> tuple[str, str]:
    if stack.options.database_url is not None:
        return "yours", "from DATABASE_URL"
    return f"127.0.0.1:{stack.options.ports.postgres}", stack.postgres_origin


def _lab_notes(stack: Stack) -> str:
    """What was chosen that nobody should choose elsewhere, each on a line of its own."""
    options: StackOptions = stack.options
    notes = []
    if options.hash_queue == UNBOUNDED:
        notes.append("The hash queue has NO BOUND: overload will make everybody late.")
    if options.abandoned == "finish":
        notes.append("Abandoned logins are still FINISHED: work that nobody waits for.")
    if not options.fsync:
        notes.append("fsync is OFF in Postgres: a power cut may cost committed data.")
    if options.database_url is not None:
        notes.append("Your database now holds the lab's users; their password is below.")
    return "".join(f"{note}\n" for note in notes)
