-- An e-mail is compared in one Unicode form (NFC). One that is stored in another form would no longer be found, so it is put
-- into this form here. Where a customer of the same tenant already has the e-mail in this form, both stay as they are:
-- whose it is, only the merchant knows, and either is found by code.
do $$
begin
  -- In another encoding there are no forms to tell apart.
  if current_setting('server_encoding') <> 'UTF8' then
    return;
  end if;
  with found as (
    select c.merchant_id, c.mode, normalize(c.email, nfc) as email, min(c.id) as id
    from customers c
    where c.email is not nfc normalized
    group by 1, 2, 3
  )
  update customers c set email = f.email
  from found f
  where c.merchant_id = f.merchant_id and c.id = f.id
    and not exists (
      select from customers o
      where o.merchant_id = f.merchant_id and o.mode = f.mode and o.email = f.email
    );
end
$$;
