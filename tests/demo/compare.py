"""Computes the demo's final tables from its Parquet files, and compares them with those that
`summit demo --once` printed, which come on standard input."""

import datetime as dt
import math
import sys
from collections import defaultdict
from fractions import Fraction

import pyarrow.parquet as pq

folder = sys.argv[1]
HOUR = dt.timedelta(hours=1)


def rows(name, *columns):
    table = pq.read_table(f"{folder}/{name}.parquet", columns=list(columns))
    return list(zip(*(table[column].to_pylist() for column in columns)))


def show(value):
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S+00")
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def mean(total, count):
    """total / count with two digits, halves away from zero."""
    if not count:
        return None
    hundredths = total / count * 100
    rounded = int(math.copysign(math.floor(abs(hundredths) + 0.5), hundredths))
    return f"{'-' if rounded < 0 else ''}{abs(rounded) // 100}.{abs(rounded) % 100:02}"


class Group:
    def __init__(self):
        self.flights = self.departed = self.minutes = self.late = 0
        self.most = None

    def add(self, delay):
        self.flights += 1
        if delay is not None:
            self.departed += 1
            self.minutes += delay
            self.late += delay > 15
            self.most = delay if self.most is None else max(self.most, delay)

    @property
    def total(self):
        return self.minutes if self.departed else None


flights = rows("flights", "ts", "origin", "carrier", "dep_delay", "arr_delay")
weather = rows("weather", "ts", "origin", "temp", "wind_speed", "precip", "visib")
airlines = dict(rows("airlines", "carrier", "name"))
airports = dict(rows("airports", "faa", "name"))

per_airport, hourly, three, carriers = (defaultdict(Group) for _ in range(4))
arrivals = defaultdict(list)
for ts, origin, carrier, dep_delay, arr_delay in flights:
    hour = ts.replace(minute=0, second=0, microsecond=0)
    per_airport[origin].add(dep_delay)
    hourly[hour, origin].add(dep_delay)
    for later in (1, 2, 3):
        three[hour + later * HOUR, origin].add(dep_delay)
    carriers[carrier].add(dep_delay)
    if arr_delay is not None:
        arrivals[carrier].append(arr_delay)


def kind(visib):
    if visib is not None and visib < 1:
        return "1: fog, below 1 mile"
    if visib is not None and visib < 5:
        return "2: poor, below 5 miles"
    if visib is not None and visib < 10:
        return "3: fair, below 10 miles"
    return "4: clear, 10 miles"


joined = [(ts, origin, hourly[ts, origin], w) for ts, origin, *w in weather if (ts, origin) in hourly]
visibility = defaultdict(lambda: [0, 0, 0, 0])
for _, _, group, (_, _, _, visib) in joined:
    sums = visibility[kind(visib)]
    for at, value in enumerate((1, group.flights, group.departed, group.minutes)):
        sums[at] += value

EXPECTED = {
    "Departures and delays per airport": [
        (origin, airports[origin], g.flights, g.flights - g.departed, g.minutes, g.most)
        for origin, g in sorted(per_airport.items())
    ],
    "The ten worst hours: minutes of delay together": [
        (hour, origin, g.flights, g.departed, g.total, g.most)
        for (hour, origin), g in sorted(
            hourly.items(), key=lambda item: (item[1].total is None, -item[1].minutes, item[0])
        )[:10]
    ],
    "The five busiest times: flights within three hours": [
        (until, origin, g.flights, mean(g.minutes, g.departed))
        for (until, origin), g in sorted(three.items(), key=lambda item: (-item[1].flights, item[0]))[:5]
    ],
    "Carriers by flights": [
        (carrier, airlines[carrier], g.flights, g.flights - g.departed, g.late,
         mean(sum(arrivals[carrier]), len(arrivals[carrier])))
        for carrier, g in sorted(carriers.items(), key=lambda item: (-item[1].flights, item[0]))
        if carrier in airlines
    ],
    "Visibility and delays": [
        (name, hours, all_, all_ - departed, minutes)
        for name, (hours, all_, departed, minutes) in sorted(visibility.items())
    ],
    "The ten hours with most delay for each flight, of those with ten flights or more, and their weather": [
        (hour, origin, g.departed, mean(g.minutes, g.departed), *w)
        for hour, origin, g, w in sorted(
            (row for row in joined if row[2].departed >= 10),
            key=lambda row: (-Fraction(row[2].minutes, row[2].departed), row[0], row[1]),
        )[:10]
    ],
}

lines = sys.stdin.read().splitlines()
for title, expected in EXPECTED.items():
    start = lines.index(title) + 3  # title, names, rule
    printed = []
    for line in lines[start:]:
        if line.startswith("(") and line.endswith(("rows)", "row)")):
            assert line.split()[0] == f"({len(printed)}", (title, line)
            break
        printed.append(tuple(value.strip() for value in line.split("|")))
    wanted = [tuple(show(value) for value in row) for row in expected]
    assert wanted, title
    if printed != wanted:
        print(title)
        for row in wanted:
            print("  wanted ", row, "" if row in printed else "<- not printed")
        for row in printed:
            print("  printed", row, "" if row in wanted else "<- not wanted")
        sys.exit(1)
print(f"{len(EXPECTED)} tables are equal")
