-- What the demo shows while it runs. The comment before a query is its title.

-- Departures, delays in minutes and the weather, the last hours
SELECT
    hour, origin, flights, departed, CAST(delay_avg AS NUMERIC(10, 1)) AS delay, temp, visib
FROM weather_delays
ORDER BY hour DESC, origin
LIMIT 3;

-- Carriers by flights
SELECT
    name, flights, flights - departed AS cancelled,
    CAST(100.0 * late / nullif(departed, 0) AS NUMERIC(10, 1)) AS late_percent,
    CAST(arr_delay_avg AS NUMERIC(10, 1)) AS arrival_delay
FROM carriers
ORDER BY flights DESC, carrier
LIMIT 5;

-- Visibility and delays
SELECT
    visibility, flights, flights - departed AS cancelled,
    CAST(delay_minutes * 1.0 / nullif(departed, 0) AS NUMERIC(10, 1)) AS delay
FROM visibility_delays
ORDER BY visibility;
