-- What comes in: two streams of events, and three tables that say what the codes mean.

-- Departures from New York's three airports. `ts` is the scheduled departure; a flight that
-- was cancelled has no dep_delay. Rows may come up to an hour late.
CREATE STREAM flights (
    ts        TIMESTAMPTZ NOT NULL,
    carrier   TEXT,
    flight    INT,
    tailnum   TEXT,
    origin    TEXT,
    dest      TEXT,
    dep_delay INT,   -- minutes; below zero: early
    arr_delay INT,
    distance  INT,   -- miles
    WATERMARK FOR ts AS ts - INTERVAL '1 hour'
) PARTITION BY (origin);

-- The weather at these airports, once an hour.
CREATE STREAM weather (
    ts         TIMESTAMPTZ NOT NULL,
    origin     TEXT,
    temp       DOUBLE PRECISION,   -- degrees Fahrenheit
    humid      DOUBLE PRECISION,   -- percent
    wind_speed DOUBLE PRECISION,   -- miles per hour
    precip     DOUBLE PRECISION,   -- inches
    visib      DOUBLE PRECISION,   -- miles
    WATERMARK FOR ts AS ts - INTERVAL '1 hour'
) PARTITION BY (origin);

CREATE TABLE airlines (
    carrier TEXT PRIMARY KEY,
    name    TEXT
);

CREATE TABLE airports (
    faa   TEXT PRIMARY KEY,
    name  TEXT,
    lat   DOUBLE PRECISION,
    lon   DOUBLE PRECISION,
    alt   INT,
    tzone TEXT
);

CREATE TABLE planes (
    tailnum      TEXT PRIMARY KEY,
    year         INT,
    type         TEXT,
    manufacturer TEXT,
    model        TEXT,
    engines      INT,
    seats        INT,
    engine       TEXT
);
