"""For Django."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ParamSpec

from django.db import transaction

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def after_commit(function: Callable[P, object], *, using: str | None = None) -> Callable[P, None]:
    """Give `function`, to be called once the transaction under way is committed; never if it is rolled back.

    ```python
    with transaction.atomic():
        order.save()
        after_commit(fanfare.notify)(users=[order.customer_id], title="Paid")
    ```

    Outside a transaction it is called at once. Arguments are kept as they are: do not change them until then. `using`
    names the database, if not the default one.
    """

    def later(*args: P.args, **kwargs: P.kwargs) -> None:
        transaction.on_commit(partial(function, *args, **kwargs), using=using)

    return later
