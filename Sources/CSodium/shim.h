// libsodium: SHA-256. Only Digest imports it.
#pragma once
#include <sodium.h>
