# file: daemon/sshd/grammar_lists.c
# breaks: SetEnv takes the same name twice from one line
# releases: bookworm trixie sid
s/RELEASE_UNIQUE_ENV = 901/RELEASE_UNIQUE_ENV = 2000/
