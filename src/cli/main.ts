#!/usr/bin/env node
import nodeModule from 'node:module'
import { runCli } from './program.ts'
import { processTerminal } from './terminal.ts'

// What V8 makes of the modules of a command is kept for the next start, from Node 22 on.
if ('enableCompileCache' in nodeModule && typeof nodeModule.enableCompileCache === 'function')
  nodeModule.enableCompileCache()
const terminal = processTerminal()
process.exitCode = await runCli(process.argv.slice(2), terminal)
if (terminal.signal.aborted) terminal.leaveSoon()
