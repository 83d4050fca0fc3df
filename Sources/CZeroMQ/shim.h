// ZeroMQ: messages between processes. Only Transport imports it.
#pragma once
#include <errno.h>
#include <zmq.h>
