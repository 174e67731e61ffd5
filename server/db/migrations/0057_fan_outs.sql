-- Deliveries of many events to many endpoints are written later, some at a time: fan_out_events.sql has the functions. In one
-- commit they would keep every other call of the embedded engine waiting.
create table fan_outs (
  merchant_id integer not null references merchants (id),
  first_event_id bigint not null,
  mode text not null,
  event_ids bigint[] not null,
  endpoint_ids uuid[] not null,
  written integer not null default 0,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, first_event_id),
  constraint fan_outs_mode check (mode in ('test', 'live')),
  constraint fan_outs_written check (written >= 0)
);
create index fan_outs_order on fan_outs (merchant_id, mode, first_event_id);
comment on table fan_outs is 'events whose deliveries are not all written yet; a row is removed with its last delivery';
comment on column fan_outs.endpoint_ids is 'the endpoints that were told of events when these happened';
comment on column fan_outs.written is 'how many pairs of an event and an endpoint are done: all endpoints of the first event come first';
