"""A made-up platform: what a package of `platforms/` must have, and nothing more.

Its viewers have names as ids. It signs deliveries with a secret that it shares with us, and wants
to know which rewards were delivered.
"""


def register() -> None:
    from accounts.platform_login import register_login
    from claims.source import register_source
    from tests.platforms.made_up.login import MadeUpLogin
    from tests.platforms.made_up.rewards import MadeUpRewards

    register_login(MadeUpLogin())
    register_source(MadeUpRewards())
