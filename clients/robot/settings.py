"""What kind of robot it is: how fast it works, and how often it does not find what it looks for."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Settings:
    """A robot's pace in metres and seconds, and its luck as shares of 1.

    short: of collects that find fewer than listed. failing: of actions that fail, and may be retried where the
    action says so. lease: seconds after which the list of a robot at work without a connection goes to another. margin:
    seconds before that in which a state may leave too late, since it takes a few to arrive.
    """

    metres_a_second: float = 1.2
    prepare: float = 0.0  # before each action; it reports INITIALIZING if this is more than 0
    collect: float = 4.0
    drop: float = 5.0
    put_back: float = 2.0  # for each product that it holds
    short: float = 0.0
    failing: float = 0.0
    report_every: float = 20.0  # the standard's limit is 30
    lease: float = 60.0
    margin: float = 10.0
    settle: float = 10.0  # how long the gateway has to withdraw its order after a silence that outlasted the lease
    percent_a_second: float = 0.01  # of the battery, while it drives; it charges ten times as fast

    def faster(self, times: float) -> "Settings":
        """The same robot, `times` as fast in all that it does; limits on connections stay as they are."""
        return replace(
            self,
            metres_a_second=self.metres_a_second * times,
            prepare=self.prepare / times,
            collect=self.collect / times,
            drop=self.drop / times,
            put_back=self.put_back / times,
        )
