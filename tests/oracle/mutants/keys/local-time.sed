# file: daemon/keys/civil_time.c
# breaks: all times are UTC
s/n == n_all && //; s/environment && environment->local_time/false/
