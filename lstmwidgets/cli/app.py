"""``lstmwidgets app``: the training panel, the forecasts and the memory as a page for visitors."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lstmwidgets.cli.exits import accepting


def command(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="By default 8866, or the next free.", show_default=False),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any other lets the network in, unencrypted.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            envvar="LSTMWIDGETS_TOKEN",
            help="What visitors have to know; by default a new random one. Others on this machine can read "
            "command lines: prefer the variable.",
            show_default=False,
        ),
    ] = None,
    kernels: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="So many visitors at a time; each takes about 0.9 GB of memory. By default as many as the "
            "free memory holds, up to 4.",
            show_default=False,
        ),
    ] = None,
    idle: Annotated[
        float, typer.Option(help="Minutes after which a session that nobody uses is ended.")
    ] = 30,
    theme: Annotated[
        Literal["auto", "light", "dark"], typer.Option(help="auto: as each visitor's system has it.")
    ] = "auto",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser here.")] = False,
) -> None:
    """Serve the training panel, the forecasts and the memory as a page.

    Prints its address with the token that lets visitors in. Each visitor has a kernel of their own, ended
    when the page is closed. Ctrl-C ends everything.

    A visitor with the token can train, and upload series, which are gone with the kernel. The page runs no
    code of theirs and serves no other file of this machine; but they can keep its processor busy, so hand
    the token to people you trust with that.
    """
    from lstmwidgets.serving.app import is_loopback, serve

    if not is_loopback(host):
        typer.echo(
            f"Listening on {host}: everybody in the network can reach this page, and read the token on its "
            "way, for nothing is encrypted. Put a proxy with HTTPS before it where that matters.",
            err=True,
        )

    def tell(address: str) -> None:
        typer.echo(address)
        typer.echo("Ctrl-C ends it, and every visitor's kernel.", err=True)

    with accepting():
        serve(
            host=host,
            port=port,
            token=token,
            kernels=kernels,
            idle=idle,
            theme=theme,
            open_browser=not no_browser,
            tell_address=tell,
        )
