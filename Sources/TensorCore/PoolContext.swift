internal import COneDNN

/// A pooling layer ready to run on one thread, without allocation. `workspace` has the kernel's
/// `workspaceByteCount` bytes, 64-byte aligned; averages need none.
public final class PoolContext {
    private let forwardPass: Invocation
    private let backwardPass: Invocation
    private let usesWorkspace: Bool

    init(_ kernel: PoolKernel, _ scratch: Scratch) throws(EngineError) {
        usesWorkspace = kernel.workspaceByteCount > 0
        let (forward, backward) = (kernel.forward, kernel.backward)
        var ahead: [(argument: Int32, layout: dnnl_memory_desc_t)] = [
            (DNNL_ARG_SRC, forward.tensor(dnnl_query_src_md)),
            (DNNL_ARG_DST, forward.tensor(dnnl_query_dst_md)),
        ]
        var back: [(argument: Int32, layout: dnnl_memory_desc_t)] = [
            (DNNL_ARG_DIFF_DST, backward.tensor(dnnl_query_diff_dst_md)),
            (DNNL_ARG_DIFF_SRC, backward.tensor(dnnl_query_diff_src_md)),
        ]
        if usesWorkspace {
            let layout = forward.tensor(dnnl_query_workspace_md)
            ahead.append((DNNL_ARG_WORKSPACE, layout))
            back.append((DNNL_ARG_WORKSPACE, layout))
        }
        forwardPass = try Invocation(forward, scratch, ahead)
        backwardPass = try Invocation(backward, scratch, back)
    }

    /// Overwrites the output and the workspace.
    public func forward(
        input: UnsafeRawPointer, output: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer?
    ) {
        if usesWorkspace {
            forwardPass.run(input, output, Self.present(workspace))
        } else {
            forwardPass.run(input, output)
        }
    }

    /// `workspace` as the forward pass left it. Overwrites the input's gradient.
    public func backward(
        outputGradient: UnsafeRawPointer, workspace: UnsafeRawPointer?, inputGradient: UnsafeMutableRawPointer
    ) {
        if usesWorkspace {
            backwardPass.run(outputGradient, inputGradient, Self.present(workspace))
        } else {
            backwardPass.run(outputGradient, inputGradient)
        }
    }

    private static func present(_ workspace: UnsafeRawPointer?) -> UnsafeRawPointer {
        guard let workspace else { preconditionFailure("max pooling needs a workspace, none given") }
        return workspace
    }
}
