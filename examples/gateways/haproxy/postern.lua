-- Asks Postern whether a request may pass. Sets txn.postern_status (503 when there was no answer); on 401
-- txn.postern_challenge, and on 200 the identity headers, which the application can trust because haproxy.cfg removes them
-- from what clients send.
local url = os.getenv('POSTERN_URL') .. '/validate'
local timeout_ms = tonumber(os.getenv('POSTERN_TIMEOUT_MS'))
local passed_on = { 'authorization', 'cookie' }
local identity = {
  'x-auth-user-id', 'x-auth-username', 'x-auth-email', 'x-auth-roles', 'x-auth-org-id', 'x-auth-org-role',
  'x-auth-session-id', 'x-auth-amr', 'x-auth-expires-at', 'x-auth-freshness',
}

local function ask(txn)
  local sent = txn.http:req_get_headers()
  local headers = {}
  for _, name in ipairs(passed_on) do
    if sent[name] then
      headers[name] = {}
      -- HAProxy counts the values of a header from 0.
      for index = 0, #sent[name] do headers[name][index + 1] = sent[name][index] end
    end
  end
  local conditions = txn:get_var('txn.postern_conditions')
  local target = conditions and (url .. '?' .. conditions) or url
  return core.httpclient():get({ url = target, headers = headers, timeout = timeout_ms })
end

core.register_action('postern', { 'http-req' }, function(txn)
  local answered, answer = pcall(ask, txn)
  local status = answered and answer and answer.status or 0
  txn:set_var('txn.postern_status', status > 0 and status or 503)
  local challenge = status == 401 and answer.headers['www-authenticate']
  txn:set_var('txn.postern_challenge', challenge and challenge[0] or 'Bearer')
  if status ~= 200 then return end
  for _, name in ipairs(identity) do
    local values = answer.headers[name]
    local value = values and values[0] or ''
    if value ~= '' then txn.http:req_set_header(name, value) end
  end
end)
