-- The tables that summit demo --once prints at the end. The comment before a query is its
-- title. Each has a total order, so that the same rows come in the same order each time.

-- Departures and delays per airport
SELECT
    d.origin,
    a.name,
    sum(d.flights) AS flights,
    sum(d.flights) - sum(d.departed) AS cancelled,
    sum(d.delay_minutes) AS delay_minutes,
    max(d.delay_max) AS delay_max
FROM departures_hourly AS d
JOIN airports AS a ON a.faa = d.origin
GROUP BY d.origin, a.name
ORDER BY d.origin;

-- The ten worst hours: minutes of delay together
SELECT hour, origin, flights, departed, delay_minutes, delay_max
FROM departures_hourly
ORDER BY delay_minutes DESC NULLS LAST, hour, origin
LIMIT 10;

-- The five busiest times: flights within three hours
SELECT until, origin, flights, CAST(delay_avg AS NUMERIC(10, 2)) AS delay_avg
FROM departures_3h
ORDER BY flights DESC, until, origin
LIMIT 5;

-- Carriers by flights
SELECT
    carrier,
    name,
    flights,
    flights - departed AS cancelled,
    late,
    CAST(arr_delay_avg AS NUMERIC(10, 2)) AS arr_delay_avg
FROM carriers
ORDER BY flights DESC, carrier;

-- Visibility and delays
SELECT visibility, airport_hours, flights, flights - departed AS cancelled, delay_minutes
FROM visibility_delays
ORDER BY visibility;

-- The ten hours with most delay for each flight, of those with ten flights or more, and their weather
SELECT
    hour,
    origin,
    departed,
    CAST(delay_avg AS NUMERIC(10, 2)) AS delay_avg,
    temp,
    wind_speed,
    precip,
    visib
FROM weather_delays
WHERE departed >= 10
ORDER BY delay_minutes * 1.0 / departed DESC, hour, origin
LIMIT 10;
