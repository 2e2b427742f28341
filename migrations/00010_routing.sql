-- +goose Up
-- Which team, in which hours, a request goes to, and what is asked for it. Each row has a version:
-- who saves names the one that was read, and the next is one higher. What a row was before stands in
-- routing_history, so that two who changed it at once are shown both.

-- One row: the number of the last change of any of it, which each node asks for once a second.
-- Every save locks it, so saves follow one another.
CREATE TABLE routing_clock (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);
INSERT INTO routing_clock (version) VALUES (1);

CREATE TABLE calendars (
    id         text PRIMARY KEY CONSTRAINT calendars_id CHECK (id ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    name       text NOT NULL,
    zone       text NOT NULL,                -- IANA
    weekly     jsonb NOT NULL,               -- seven lists of intervals, from Sunday, in minutes of wall time
    holidays   jsonb NOT NULL DEFAULT '[]',
    openings   jsonb NOT NULL DEFAULT '{}',  -- exceptional hours by date
    version    bigint NOT NULL DEFAULT 1,
    agent_id   uuid REFERENCES agents (id),  -- who saved it; null for nobody known
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE teams (
    id         text PRIMARY KEY CONSTRAINT teams_id CHECK (id ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    name       text NOT NULL,
    email      text NOT NULL DEFAULT '',
    notify     boolean NOT NULL DEFAULT false,
    version    bigint NOT NULL DEFAULT 1,
    agent_id   uuid REFERENCES agents (id),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE team_channels (
    team_id     text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    channel     text NOT NULL CONSTRAINT team_channels_channel CHECK (channel IN ('email','chat','callback')),
    calendar_id text NOT NULL REFERENCES calendars (id),
    langs       text[] NOT NULL DEFAULT '{}', -- none: all that the channel allows
    PRIMARY KEY (team_id, channel)
);

CREATE TABLE categories (
    key           text PRIMARY KEY CONSTRAINT categories_key CHECK (key ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
    position      integer NOT NULL,
    team_id       text NOT NULL REFERENCES teams (id),
    priority      text NOT NULL DEFAULT 'normal' CONSTRAINT categories_priority CHECK (priority IN ('urgent','high','normal','low')),
    first_answer  integer NOT NULL DEFAULT 0, -- minutes of business time; 0 promises nothing
    resolution    integer NOT NULL DEFAULT 0,
    contact_first boolean NOT NULL DEFAULT false,
    few_objects   integer NOT NULL DEFAULT 0,
    fields        jsonb NOT NULL DEFAULT '[]',
    texts         jsonb NOT NULL DEFAULT '{}', -- by language, what admins wrote; the catalogs say the rest
    disabled      boolean NOT NULL DEFAULT false,
    version       bigint NOT NULL DEFAULT 1,
    agent_id      uuid REFERENCES agents (id),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE agent_skills (
    agent_id   uuid PRIMARY KEY REFERENCES agents (id) ON DELETE CASCADE,
    teams      text[] NOT NULL DEFAULT '{}', -- none: all
    langs      text[] NOT NULL DEFAULT '{}',
    capacity   jsonb NOT NULL,               -- how many at once, by channel
    version    bigint NOT NULL DEFAULT 1,
    saved_by   uuid REFERENCES agents (id),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE routing_history (
    kind       text NOT NULL CONSTRAINT routing_history_kind CHECK (kind IN ('team','calendar','category','agent')),
    key        text NOT NULL,
    version    bigint NOT NULL,
    value      jsonb NOT NULL,
    agent_id   uuid REFERENCES agents (id),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (kind, key, version)
);

INSERT INTO calendars (id, name, zone, weekly) VALUES ('default', 'Default', 'Europe/Paris',
    '[[],[{"From":540,"To":1080}],[{"From":540,"To":1080}],[{"From":540,"To":1080}],[{"From":540,"To":1080}],[{"From":540,"To":1080}],[]]');
INSERT INTO teams (id, name) VALUES ('support', 'Support');
INSERT INTO team_channels (team_id, channel, calendar_id) VALUES ('support', 'email', 'default');

-- A first answer within two working days of nine hours, as it is promised so far; a refund within ten
-- (14 days).
INSERT INTO categories (key, position, team_id, priority, first_answer, resolution, contact_first, few_objects, fields) VALUES
    ('order',      1, 'support', 'normal', 1080, 0,    true,  5, '[{"Key":"order","Type":"order","Required":true}]'),
    ('sale',       2, 'support', 'normal', 1080, 0,    true,  5, '[{"Key":"order","Type":"order","Required":true}]'),
    ('billing',    3, 'support', 'normal', 1080, 0,    false, 0, '[{"Key":"account","Type":"text"},{"Key":"transaction_date","Type":"date","Required":true},{"Key":"amount","Type":"amount","Required":true}]'),
    ('refund',     4, 'support', 'normal', 1080, 5400, false, 5, '[{"Key":"order","Type":"order"},{"Key":"transaction_date","Type":"date","Required":true},{"Key":"amount","Type":"amount","Required":true},{"Key":"recurring","Type":"yes_no"}]'),
    ('account',    5, 'support', 'normal', 1080, 0,    false, 0, '[{"Key":"account","Type":"text","Required":true}]'),
    ('incident',   6, 'support', 'high',   1080, 0,    false, 0, '[{"Key":"what","Type":"text","Required":true},{"Key":"where","Type":"text"},{"Key":"since","Type":"date"}]'),
    ('suggestion', 7, 'support', 'low',    1080, 0,    false, 0, '[]'),
    ('other',      8, 'support', 'normal', 1080, 0,    false, 0, '[]');

-- +goose Down
DROP TABLE routing_history, agent_skills, categories, team_channels, teams, calendars, routing_clock;
