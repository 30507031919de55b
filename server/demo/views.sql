-- Views that stay up to date with every row that comes in.

-- Departures and delays per airport and hour: a tumbling window.
CREATE MATERIALIZED VIEW departures_hourly AS
SELECT
    origin,
    window_start AS hour,
    count(*) AS flights,
    count(dep_delay) AS departed,
    sum(dep_delay) AS delay_minutes,
    avg(dep_delay) AS delay_avg,
    max(dep_delay) AS delay_max
FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour')
GROUP BY origin, window_start, window_end;

-- The same over three hours, each hour anew: a hopping window, in its other spelling.
CREATE MATERIALIZED VIEW departures_3h AS
SELECT
    origin,
    window_end AS until,
    count(*) AS flights,
    avg(dep_delay) AS delay_avg
FROM HOP(flights, ts, INTERVAL '1 hour', INTERVAL '3 hours')
GROUP BY origin, window_start, window_end;

-- How each carrier does. No window: it goes on growing.
CREATE MATERIALIZED VIEW carrier_totals AS
SELECT
    carrier,
    count(*) AS flights,
    count(dep_delay) AS departed,
    sum(CASE WHEN dep_delay > 15 THEN 1 ELSE 0 END) AS late,
    avg(arr_delay) AS arr_delay_avg
FROM flights
GROUP BY carrier;

-- The carriers with their names: a view on a view, joined with a table. When a name changes
-- in the table, it changes here.
CREATE MATERIALIZED VIEW carriers AS
SELECT t.carrier, a.name, t.flights, t.departed, t.late, t.arr_delay_avg
FROM carrier_totals AS t
JOIN airlines AS a ON a.carrier = t.carrier;

-- Each airport's hour together with its weather: two streams that meet in event time.
CREATE MATERIALIZED VIEW weather_delays AS
SELECT
    d.origin,
    d.hour,
    d.flights,
    d.departed,
    d.delay_minutes,
    d.delay_avg,
    w.temp,
    w.wind_speed,
    w.precip,
    w.visib
FROM departures_hourly AS d
JOIN weather AS w ON w.origin = d.origin AND w.ts = d.hour;

-- What the weather does to departures: a view on the view above.
CREATE MATERIALIZED VIEW visibility_delays AS
SELECT
    CASE
        WHEN visib < 1 THEN '1: fog, below 1 mile'
        WHEN visib < 5 THEN '2: poor, below 5 miles'
        WHEN visib < 10 THEN '3: fair, below 10 miles'
        ELSE '4: clear, 10 miles'
    END AS visibility,
    count(*) AS airport_hours,
    sum(flights) AS flights,
    sum(departed) AS departed,
    sum(delay_minutes) AS delay_minutes
FROM weather_delays
GROUP BY 1;
