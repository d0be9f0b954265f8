#!/usr/bin/env node
import { runCli } from './program.ts'
import { processTerminal } from './terminal.ts'

const terminal = processTerminal()
process.exitCode = await runCli(process.argv.slice(2), terminal)
if (terminal.signal.aborted) terminal.leaveSoon()
