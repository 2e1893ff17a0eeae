-- The price list. Prices are whole pounds without VAT.
CREATE TABLE offer (
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  summary TEXT NOT NULL,
  price_gbp INTEGER NOT NULL CHECK (price_gbp > 0),
  unit TEXT NOT NULL
);

CREATE TABLE offer_industry (
  industry TEXT NOT NULL,
  position INTEGER NOT NULL,
  code TEXT NOT NULL REFERENCES offer (code),
  PRIMARY KEY (industry, position)
);

INSERT INTO offer (code, name, summary, price_gbp, unit) VALUES
  ('SV1', 'Energy survey', 'One engineer on site for a day, loggers for 14 days, a written report.', 480, 'per site'),
  ('MT2', 'Live metering', 'Sub-meters on up to eight circuits, read every minute, shown on one screen.', 29, 'per month'),
  ('HW3', 'Hot-water heat pump', 'Makes hot water from the heat in exhaust or outside air, with a 500 litre store.', 14800, 'per unit, installed'),
  ('LD4', 'LED relighting', 'New fittings in the old positions, dimmed by daylight and presence.', 38, 'per fitting, installed'),
  ('GL5', 'Gallery spotlights', 'LED spotlights without ultraviolet light, dimmable one by one.', 64, 'per spotlight, installed'),
  ('OV6', 'Oven heat recovery', 'A heat exchanger in the oven flue that warms water for washing and proving.', 9600, 'per oven, installed'),
  ('RF7', 'Refrigeration tune-up', 'Seals, set points, defrost times and coils, checked and put right.', 1250, 'per cold store'),
  ('VN8', 'Demand-led ventilation', 'Fans that follow carbon dioxide and humidity instead of the clock.', 6400, 'per zone, installed'),
  ('BT9', 'Battery backup', 'A 10 kWh battery for chosen circuits, tested once a year.', 11900, 'per battery, installed'),
  ('CA10', 'Compressed-air programme', 'Leaks found by ultrasound, tagged and repaired, twice a year.', 3750, 'per year'),
  ('DR11', 'Fast hall doors', 'Insulated doors that close in 9 seconds behind a vehicle.', 7300, 'per door, installed'),
  ('SR12', 'Solar roof', 'Panels, inverter and paperwork, after a check of the roof.', 1090, 'per kilowatt of peak output'),
  ('HC13', 'Holiday heating controls', 'Heating zones that know term dates and evening lettings.', 2150, 'per building'),
  ('CC14', 'Gallery climate control', 'Humidity kept within 5 points by small plant near the room.', 8900, 'per gallery, installed');

INSERT INTO offer_industry (industry, position, code) VALUES
  ('hospitality', 1, 'SV1'), ('hospitality', 2, 'HW3'), ('hospitality', 3, 'RF7'), ('hospitality', 4, 'MT2'),
  ('food production', 1, 'SV1'), ('food production', 2, 'OV6'), ('food production', 3, 'RF7'),
  ('healthcare', 1, 'SV1'), ('healthcare', 2, 'VN8'), ('healthcare', 3, 'BT9'), ('healthcare', 4, 'MT2'),
  ('shipbuilding', 1, 'SV1'), ('shipbuilding', 2, 'CA10'), ('shipbuilding', 3, 'LD4'), ('shipbuilding', 4, 'DR11'), ('shipbuilding', 5, 'MT2'),
  ('education', 1, 'SV1'), ('education', 2, 'HC13'), ('education', 3, 'VN8'), ('education', 4, 'SR12'),
  ('museums', 1, 'SV1'), ('museums', 2, 'CC14'), ('museums', 3, 'GL5'), ('museums', 4, 'MT2');
