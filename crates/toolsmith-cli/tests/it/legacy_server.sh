# A server that speaks the legacy era alone, gives its tools on two pages, and colours its text.
answer() {
  printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"
}
echo "legacy server started" >&2
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*)
      answer '"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"1"}}' ;;
    *'"tools/list"'*'"cursor":"next"'*)
      answer '"result":{"tools":[{"name":"second","inputSchema":{"type":"object"}}]}' ;;
    *'"tools/list"'*)
      answer '"result":{"tools":[{"name":"first","description":"Red \u001b[31mink.","inputSchema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}],"nextCursor":"next"}' ;;
    *'"tools/call"'*'"exit"'*)
      echo "asked to exit" >&2
      exit 1 ;;
    *'"tools/call"'*'"n":5'*)
      answer '"result":{"content":[{"type":"text","text":"five \u001b[31mred"}]}' ;;
    *'"tools/call"'*)
      answer '"result":{"content":[{"type":"text","text":"only five"}],"isError":true}' ;;
    *'"id"'*)
      answer '"error":{"code":-32601,"message":"Method not found"}' ;;
  esac
done
