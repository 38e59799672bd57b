"""Which platforms fail right now, as the jobs that bring claims have last seen."""

from collections.abc import Iterable

from claims.source import sources_of
from core.models import Lease

# The jobs that bring claims. They clear their error as soon as the platform answers again.
BRINGING_CLAIMS = ("catch_up", "confirm_claims")


def outages(platforms: Iterable[str]) -> dict[str, str]:
    """The last error of each of these platforms whose last API call failed."""
    platform_by_job = {
        f"{job}:{source.name}": platform
        for platform in platforms
        for source in sources_of(platform)
        for job in BRINGING_CLAIMS
    }
    in_trouble = Lease.objects.filter(job__in=platform_by_job).exclude(platform_error="")
    return {
        platform_by_job[job]: error
        for job, error in in_trouble.values_list("job", "platform_error").order_by("job")
    }
