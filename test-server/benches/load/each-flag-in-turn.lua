-- Requests the flags of country_codes.txt in turn, so that no single response stays in a cache.
local codes = {}
for line in io.lines(os.getenv("CODES")) do
    for code in line:gmatch("%a%a") do
        codes[#codes + 1] = code:lower()
    end
end
local at = 0
request = function()
    at = at % #codes + 1
    return wrk.format("GET", "/flags/" .. codes[at] .. "/" .. codes[at] .. ".gif")
end
