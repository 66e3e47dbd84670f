-- Sends the request of a file over and over, each time with a number of its own and about the next zaak.
-- Arguments: file, the number in it, the six digits to begin each number with, the zaak in it, how many zaken.

local before, middle, after, digits, series, zaken, stem, zaakformat
local number = 0
local format = string.format

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local text = file:read("*a")
  file:close()
  local reference, zaak = arguments[2], arguments[4]
  local a, b = text:find(reference, 1, true)
  local c, d = text:find(zaak, b, true)
  before, middle, after = text:sub(1, a - 1), text:sub(b + 1, c - 1), text:sub(d + 1)
  series, zaken = arguments[3], tonumber(arguments[5])
  digits = "%0" .. (#reference - #series) .. "d"
  stem = zaak:match("^(.-)%d%d%d%d%d%d$")
end

function request()
  number = number + 1
  return before .. series .. format(digits, number) .. middle .. stem .. format("%06d", number % zaken) .. after
end

function done(summary)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(format("RESULT %d %d %d\n", summary.requests, summary.duration, wrong))
end
