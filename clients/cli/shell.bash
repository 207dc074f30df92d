# What `make shell` reads: the user's own settings, then the command line and its completion.
[ -f ~/.bashrc ] && . ~/.bashrc
PATH="$MALLBOTS_CHECKOUT/.venv/bin:$PATH"
eval "$(_MALLBOTS_COMPLETE=source_bash mallbots)"
echo "mallbots --help lists the verbs; Tab completes them; exit leaves." >&2
