import CZeroMQ

/// The one place where libzmq's return codes become errors.
///
/// - Returns: the code, or nil for EAGAIN: the call would have had to wait. Interrupted calls are made again.
@discardableResult
func attempt(_ operation: String, _ call: () -> Int32) throws(TransportError) -> Int32? {
    while true {
        let code = call()
        if code >= 0 { return code }
        let error = zmq_errno()
        if error == EAGAIN { return nil }
        if error != EINTR { throw failure(operation, error) }
    }
}

/// As ``attempt(_:_:)``, for calls that never have to wait.
@discardableResult
func check(_ operation: String, _ call: () -> Int32) throws(TransportError) -> Int32 {
    guard let code = try attempt(operation, call) else { throw failure(operation, EAGAIN) }
    return code
}

/// As ``attempt(_:_:)``, for calls that return a handle.
func checkHandle(
    _ operation: String, _ call: () -> UnsafeMutableRawPointer?
) throws(TransportError) -> UnsafeMutableRawPointer {
    guard let handle = call() else { throw failure(operation, zmq_errno()) }
    return handle
}

private func failure(_ operation: String, _ code: Int32) -> TransportError {
    if code == ETERM { return .closed }
    return .system(operation: operation, code: code, detail: String(cString: zmq_strerror(code)))
}
